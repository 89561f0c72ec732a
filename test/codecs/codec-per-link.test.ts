import { expect } from 'chai'
import { ConnectOptionError, EncodeError, OutboxFullError } from 'holdfast'
import type { ClientOptions, Codec, Subscriptions } from 'holdfast'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { rejection } from '../support/rejection.js'
import { ready, start } from '../support/rig.js'

/** Codecs that know the number of their link and join parts until a line ends. Each link creates its own. */
function lines(): { readonly codec: () => Codec; readonly made: () => number } {
  let made = 0
  const codec = (): Codec => {
    made += 1
    const number = made
    let rest = ''
    return {
      encode: (message) => `${number}:${JSON.stringify(message)}`,
      decode: (data) => {
        const parts = `${rest}${String(data)}`.split('\n')
        rest = parts.pop() ?? ''
        return parts.map((line) => ({ by: number, ...(JSON.parse(line) as object) }))
      },
    }
  }
  return { codec, made: () => made }
}

const unpack = (decoded: unknown): unknown[] => decoded as unknown[]

async function begin(options: ClientOptions = {}, hooks?: Parameters<typeof ready>[1]) {
  const { codec, made } = lines()
  const rig = await ready({ heartbeat: false, codec, unpack, ...options }, hooks)
  return { ...rig, made, connection: rig.witness.connection }
}

describe('A codec per link', () => {
  it('joins the parts of a message, and forgets a part along with its link', async () => {
    const { clock, made, server, witness } = await begin()
    for (const part of ['{"n"', ':1}\n{"n":', '2}\n', '{"n":3']) server.peer.send(part)
    server.peer.drop()
    await clock.advance(5_000)
    server.peer.send('{"n":4}\n')
    expect(witness.messages).to.deep.equal([
      { by: 1, n: 1 },
      { by: 1, n: 2 },
      { by: 2, n: 4 },
    ])
    expect(witness.errors).to.deep.equal([])
    expect(made()).to.equal(2)
  })

  it('is separate for each link of a handover, in both directions', async () => {
    const hooks = { message: (message: unknown) => ({ echo: message }) }
    const { clock, connection, server } = await begin({}, hooks)
    const [old] = server.peers
    const held = connection.request({ hold: true })
    connection.reconnect({ overlap: true })
    await clock.settle()
    const [, fresh] = server.peers
    for (const part of ['{"n":', '1}\n']) {
      old?.send(part)
      fresh?.send(part)
    }
    void connection.sendMessage('now')
    expect(old?.received.slice(1)).to.deep.equal(['1:{"echo":{"by":1,"n":1}}'])
    expect(fresh?.received).to.deep.equal(['2:{"echo":{"by":2,"n":1}}', '2:"now"'])
    old?.send('{"id":1}\n')
    await held
  })

  it('encodes everything that is sent on its link', async () => {
    const rig = await begin(
      {
        ackOnArrival: (message) => ('ack' in Object(message) ? { acked: 1 } : undefined),
        heartbeat: { interval: 1_000, timeout: 500, message: () => 'beat' },
        periodic: { interval: 1_400, message: 'now and then' },
        requests: {},
      },
      { open: () => 'hello' },
    )
    const { clock, connection, server, witness } = rig
    const { subscriptions } = connection as unknown as { subscriptions: Subscriptions }
    subscriptions.add('a', 'subscribe')
    void connection.sendMessage('message')
    void connection.sendMessage(() => 'late')
    void connection.sendJson('json')
    void connection.request({ ask: true }).catch(() => undefined)
    void connection.respond({ id: 7 }, { answer: true })
    server.peer.send('{"ack":1}\n')
    witness.hooks.message = (_, context) => void context.connection.sendMessage('bound')
    server.peer.send('{"n":1}\n')
    await clock.advance(1_450)
    void connection.end('bye')
    await clock.settle()
    expect(server.peer.received).to.deep.equal([
      '1:"hello"',
      '1:"subscribe"',
      '1:"message"',
      '1:"late"',
      '"json"',
      '1:{"ask":true,"id":1}',
      '1:{"answer":true,"id":7}',
      '1:{"acked":1}',
      '1:"bound"',
      '1:"beat"',
      '1:"now and then"',
      '1:"bye"',
    ])
    server.peer.close()
    await connection.closed
  })

  describe('messages that wait for a link', () => {
    it('are encoded by the codec of the link that sends them', async () => {
      const { clock, connection, server } = await begin()
      server.peer.drop()
      void connection.sendMessage('a')
      void connection.sendMessage(() => 'b')
      void connection.request({ ask: true }).catch(() => undefined)
      expect(connection.bufferedAmount).to.equal(0)
      await clock.advance(5_000)
      expect(server.peer.received).to.deep.equal(['2:"a"', '2:"b"', '2:{"ask":true,"id":1}'])
    })

    it('are reported with stage encode if that codec cannot encode them, and throw at the call if there is a link', async () => {
      const { clock, connection, server, witness } = await begin()
      expect(() => connection.sendMessage(1n)).to.throw(EncodeError)
      server.peer.drop()
      void connection.sendMessage(1n)
      void connection.sendMessage('b')
      await clock.advance(5_000)
      expect(server.peer.received).to.deep.equal(['2:"b"'])
      const [{ error, context } = expect.fail('nothing was reported')] = witness.errors
      expect(error).to.be.instanceOf(EncodeError)
      expect(context).to.deep.include({ stage: 'encode', message: 1n })
    })

    it('are passed to conflate, limited in number, and reported when they are dropped', async () => {
      const conflate = (message: unknown): unknown => (message as { kind?: string }).kind
      const { connection, server, witness } = await begin({ outbox: { limit: 2, conflate } })
      server.peer.drop()
      void connection.sendMessage({ kind: 'a', n: 1 })
      void connection.sendMessage({ kind: 'a', n: 2 })
      void connection.sendMessage({ kind: 'b' })
      expect(() => connection.sendMessage({ kind: 'c' })).to.throw(OutboxFullError)
      await connection.close()
      const [{ error } = expect.fail('nothing was reported')] = witness.errors
      expect(error).to.deep.include({ messages: [{ kind: 'a', n: 2 }, { kind: 'b' }] })
    })

    it('are reported if the rate limit held them back when their link was lost', async () => {
      const rig = start({
        codec: lines().codec,
        heartbeat: false,
        unpack,
        rateLimit: { messages: 1, per: 60_000 },
      })
      void rig.witness.connection.sendMessage({ n: 1 })
      void rig.witness.connection.sendMessage({ n: 2 })
      await rig.starting
      expect(rig.server.peer.received).to.deep.equal(['1:{"n":1}'])
      rig.server.peer.drop()
      const dropped = rig.witness.errors.map(({ error }) => (error as { messages?: unknown }).messages)
      expect(dropped).to.deep.equal([[{ n: 2 }]])
      await rig.witness.connection.terminate()
    })

    it('are not possible for end(), which rejects without a link', async () => {
      const { connection, server } = await begin()
      server.peer.drop()
      const error = await rejection(connection.end('bye'))
      expect(error).to.have.property('name', 'NotConnectedError')
    })
  })

  describe('its function', () => {
    it('fails the attempt if it throws, and the attempt is retried', async () => {
      const { codec } = lines()
      let calls = 0
      const failing = (): Codec => {
        calls += 1
        if (calls === 1) throw new RangeError('odd')
        return codec()
      }
      const rig = start({ codec: failing, unpack, heartbeat: false })
      await rig.clock.advance(5_000)
      await rig.starting
      const [{ error, context } = expect.fail('nothing was reported')] = rig.witness.errors
      expect(error)
        .to.be.instanceOf(ConnectOptionError)
        .and.to.include({ option: 'codec', isInvalidValue: false })
      expect(error.message).to.equal('The codec function threw: odd')
      expect(context).to.include({ stage: 'connect', fatal: false })
      expect(rig.server.peers.map(({ isOpen }) => isOpen)).to.deep.equal([false, true])
      expect(rig.witness.opens).to.have.length(1)
    })

    for (const [what, codec] of [
      ['a promise', () => Promise.reject(new Error('unheard'))],
      ['an object without decode', () => ({ encode: String })],
      ['nothing', () => undefined],
    ] as const) {
      it(`ends the connection before the first success if it returns ${what}`, async () => {
        const rig = start({ codec: codec as unknown as () => Codec })
        const error = await rejection(rig.starting)
        expect(error)
          .to.be.instanceOf(ConnectOptionError)
          .and.to.include({ option: 'codec', isInvalidValue: true })
        expect((error as Error).message).to.contain('expected an object with encode and decode, received')
        expect(rig.server.live).to.equal(0)
      })
    }

    it('leaves no open socket if it closes the connection', async () => {
      const { codec } = lines()
      const gate: Deferred<void> = deferred()
      const rig = start({
        codec: () => {
          void rig.witness.connection.close().then(() => gate.resolve())
          return codec()
        },
      })
      await gate.promise
      expect(rig.server.live).to.equal(0)
      expect(rig.witness.opens).to.deep.equal([])
    })
  })
})
