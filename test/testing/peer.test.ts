import { expect } from 'chai'
import { accept, MemoryServer } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'
import { ready } from '../support/rig.js'

describe('Peer', () => {
  describe('#next', () => {
    it('returns one message after the other, decoded: JSON, text and bytes', async () => {
      const { server, witness } = await ready()
      void witness.connection.sendJson({ a: 1 })
      void witness.connection.send('{ text')
      void witness.connection.send(Uint8Array.of(1, 2))
      const { peer } = server
      expect([await peer.next(), await peer.next()]).to.deep.equal([{ a: 1 }, '{ text'])
      expect([...(await peer.next<Uint8Array>())]).to.deep.equal([1, 2])
    })

    it('lets the clock advance until the client sends', async () => {
      const { server, clock, witness } = await ready()
      clock.setTimeout(() => void witness.connection.send('late'), 25_000)
      expect(await server.peer.next()).to.equal('late')
      expect(clock.now()).to.equal(25_000)
    })

    it('fails once the connection has ended, with the messages received so far', async () => {
      const { server, witness } = await ready()
      void witness.connection.sendJson({ a: 1 })
      void witness.connection.send(Uint8Array.of(1, 2))
      await server.peer.next()
      await server.peer.next()
      const { peer } = server
      peer.drop()
      expect(await rejection(peer.next())).to.have.property(
        'message',
        'Stopped waiting for message 3 from the client: the connection has ended. ' +
          `Received from the client (2): '{"a":1}', 2 bytes`,
      )
    })

    it('fails once the time is up, and shows at most the last 10 messages', async () => {
      const { server, witness } = await ready()
      for (let index = 1; index <= 12; index += 1) {
        void witness.connection.send(`${index}`.repeat(index === 12 ? 101 : 1))
        await server.peer.next()
      }
      const { message } = (await rejection(server.peer.next())) as Error
      expect(message).to.match(
        /^Stopped waiting for message 13 from the client: 300000 ms have passed[.] Received from the client [(]the last 10 of 12[)]: '3', '4', .*, '11', '(12){50}…'$/,
      )
    })

    it('fails as soon as nothing is pending', async () => {
      const { server } = await ready({ heartbeat: false })
      expect(await rejection(server.peer.next())).to.have.property(
        'message',
        'Stopped waiting for message 1 from the client: no timer is pending, so nothing more happens until the ' +
          'test acts. The client has sent no message',
      )
    })
  })

  it('returns a message after all that an earlier wait missed', async () => {
    const { server, witness } = await ready({ heartbeat: false })
    const missed = [server.peer.next(), server.peer.next()].map((wait) => rejection(wait))
    await Promise.all(missed)
    void witness.connection.send('late')
    void witness.connection.send('later')
    expect([await server.peer.next(), await server.peer.next()]).to.deep.equal(['late', 'later'])
  })

  it('rejects a value that has no JSON form', async () => {
    const { server } = await ready()
    expect(() => server.peer.send(undefined)).to.throw(
      TypeError,
      'Cannot send undefined: JSON has no form for it. Pass a string, bytes, or JSON data',
    )
  })

  it('can drop a half-open connection, like one whose reset arrives late', async () => {
    const { server, witness, clock } = await ready({ heartbeat: false })
    server.peer.goHalfOpen()
    server.peer.drop()
    await clock.settle()
    expect(witness.closes).to.have.length(1)
  })

  describe('#closed', () => {
    it("returns the client's close frame", async () => {
      const { server, client } = await ready()
      void client.close(4000, 'done')
      expect(await server.peer.closed()).to.deep.equal({ code: 4000, reason: 'done' })
    })

    it('fails if the connection stays open', async () => {
      const { server } = await ready({ heartbeat: false })
      const { message } = (await rejection(server.peer.closed())) as Error
      expect(message).to.match(
        /^Stopped waiting for the end of the connection: no timer is pending, .* sent no message$/,
      )
    })
  })

  describe('#after', () => {
    it('runs an action once the client has sent this many messages, outside the call that sends', async () => {
      const { server, clock, witness } = await ready()
      const at: number[] = []
      server.peer.after(2, () => at.push(server.peer.received.length))
      for (const text of ['1', '2', '3']) void witness.connection.send(text)
      expect(at).to.deep.equal([])
      await clock.settle()
      expect(at).to.deep.equal([3])
    })

    it('runs it at once if the messages have already arrived', async () => {
      const { server, clock } = await ready()
      let runs = 0
      server.peer.after(0, () => (runs += 1))
      await clock.settle()
      expect(runs).to.equal(1)
    })
  })

  it('calls onEnd when the connection has ended', async () => {
    const server = new MemoryServer(accept())
    const { server: used } = await ready({ transport: server.connect })
    expect(used.peers).to.have.length(0)
    let ends = 0
    server.peer.onEnd = () => (ends += 1)
    server.peer.close()
    expect(ends).to.equal(1)
  })
})
