import { expect } from 'chai'
import type { Transport, TransportRequest } from 'holdfast'
import { ConnectFailedError, HandshakeError } from 'holdfast'
import { accept, FakeClock, ignore, MemoryServer, refuse } from 'holdfast/testing'
import type { MemoryPeer } from 'holdfast/testing'
import { Recorder } from '../support/recorder.js'
import { rejection } from '../support/rejection.js'
import { ready } from '../support/rig.js'

const REQUEST: TransportRequest = {
  url: 'wss://user:secret@peer.test/feed?token=secret',
  protocols: [],
  headers: {},
  maxPayload: 0,
  maxFragments: 0,
  closeTimeout: 5_000,
}

/** Runs everything that is ready. */
function settle(): Promise<void> {
  return new FakeClock().settle()
}

interface Rig {
  readonly server: MemoryServer
  readonly peer: MemoryPeer
  readonly client: Transport
  readonly heard: Recorder
}

/** Starts one attempt. */
function begin(server = new MemoryServer(), request = REQUEST): Rig {
  const heard = new Recorder()
  const client = server.connect(request, heard)
  return { server, peer: server.peer, client, heard }
}

/** Starts one attempt, which the server accepts. */
async function open(): Promise<Rig> {
  const rig = begin()
  await settle()
  return rig
}

describe('MemoryServer', () => {
  describe('attempts', () => {
    it('are accepted by default, never in the tick of connect', async () => {
      const { client, heard, server } = begin()
      expect(heard.events).to.deep.equal([])
      expect(client.isOpen).to.equal(false)
      await settle()
      expect(heard.handshakes).to.deep.equal([{ protocol: '', headers: {} }])
      expect(client.isOpen).to.equal(true)
      expect(server.live).to.equal(1)
    })

    it('are kept in order, each with its request', async () => {
      const server = new MemoryServer()
      const first = begin(server)
      const second = begin(server)
      expect(server.peers).to.deep.equal([first.peer, second.peer])
      expect(server.peer).to.equal(second.peer)
      expect(first.peer.request).to.equal(REQUEST)
      await settle()
      expect(server.live).to.equal(2)
    })

    it('have no latest peer before the first', () => {
      expect(() => new MemoryServer().peer).to.throw(
        'No connection attempt has been made yet. Await server.connection(1) first',
      )
    })

    it('can be accepted later, with a subprotocol and headers', async () => {
      const server = new MemoryServer()
      server.onAttempt = () => {}
      const { client, heard, peer } = begin(server, { ...REQUEST, protocols: ['v1'] })
      await settle()
      expect(heard.events).to.deep.equal([])
      peer.accept({ protocol: 'v1', headers: { Server: 'x' } })
      expect(heard.handshakes).to.deep.equal([{ protocol: 'v1', headers: { server: 'x' } }])
      expect(client.protocol).to.equal('v1')
    })

    it('can be refused, by default with a ConnectFailedError that contains no secrets', async () => {
      const server = new MemoryServer()
      server.onAttempt = (peer) => peer.refuse()
      const { client, heard, peer } = begin(server)
      await settle()
      expect(heard.events).to.deep.equal(['closed'])
      expect(heard.ends[0]).to.include({ code: 1006, reason: '' })
      expect(heard.ends[0]?.error).to.be.instanceOf(ConnectFailedError)
      expect(heard.ends[0]?.error?.message).to.equal('Failed to connect to wss://peer.test/feed: refused')
      expect(client.isOpen).to.equal(false)
      expect(peer.isEnded).to.equal(true)
    })

    it('can be refused with a custom error', async () => {
      const error = new Error('busy')
      const server = new MemoryServer()
      server.onAttempt = (peer) => peer.refuse(error)
      const { heard } = begin(server)
      await settle()
      expect(heard.ends[0]?.error).to.equal(error)
    })

    it('are not offered to onAttempt once the client has abandoned them', async () => {
      const server = new MemoryServer()
      const { client, heard, peer } = begin(server)
      client.terminate()
      await settle()
      peer.accept()
      expect(heard.events).to.deep.equal(['closed'])
      expect(server.live).to.equal(0)
    })

    it('are accepted once', async () => {
      const { heard, peer } = await open()
      peer.accept()
      expect(heard.events).to.deep.equal(['opened'])
    })

    it('end without a close frame if the client closes before they have opened', async () => {
      const server = new MemoryServer()
      server.onAttempt = () => {}
      const { client, heard, peer } = begin(server)
      client.close(1000, '')
      await settle()
      expect(heard.ends).to.deep.equal([{ code: 1006, reason: '' }])
      expect(peer.closeFrame).to.equal(undefined)
    })
  })

  describe('from the peer to the client', () => {
    it('messages arrive in order: text and bytes unchanged, everything else as JSON', async () => {
      const { heard, peer } = await open()
      const bytes = new Uint8Array([1])
      peer.send('text')
      peer.send(bytes)
      peer.send({ type: 'tick' })
      expect(heard.messages).to.deep.equal(['text', bytes, '{"type":"tick"}'])
    })

    it('messages sent before the handshake arrive after it', async () => {
      const server = new MemoryServer()
      server.onAttempt = (peer) => {
        peer.send('early')
        peer.accept()
      }
      const { heard } = begin(server)
      await settle()
      expect(heard.events).to.deep.equal(['opened', 'message'])
    })

    it('part of a message is received and counted, and not reported', async () => {
      const { client, heard, peer } = await open()
      peer.sendPart(1_000)
      expect(client.bytesRead).to.equal(1_000)
      client.pause()
      peer.sendPart(24)
      expect(client.bytesRead).to.equal(1_000)
      client.resume()
      await settle()
      expect(client.bytesRead).to.equal(1_024)
      expect(heard.events).to.deep.equal(['opened'])
    })

    it('each frame counts with its header', async () => {
      const { client, peer } = await open()
      peer.send('')
      peer.ping(new Uint8Array(3))
      peer.pong()
      expect(client.bytesRead).to.equal(2 + 5 + 2)
    })

    it('pings and pongs arrive with their data, and without', async () => {
      const { heard, peer } = await open()
      peer.ping()
      peer.ping(new Uint8Array([1]))
      peer.pong()
      peer.pong(new Uint8Array([2]))
      expect(heard.pings).to.deep.equal([new Uint8Array(), new Uint8Array([1])])
      expect(heard.pongs).to.deep.equal([new Uint8Array(), new Uint8Array([2])])
    })

    it('the latest ping of a turn is answered, as over a socket', async () => {
      const { peer } = await open()
      peer.ping(new Uint8Array([1]))
      peer.ping(new Uint8Array([2]))
      await settle()
      expect(peer.pongs).to.deep.equal([new Uint8Array([2])])
      peer.ping(new Uint8Array([3]))
      await settle()
      expect(peer.pongs).to.have.length(2)
    })

    it('a close frame ends it, with 1000 by default', async () => {
      const { client, heard, peer } = await open()
      peer.close()
      expect(heard.ends).to.deep.equal([{ code: 1000, reason: '' }])
      expect(client.isOpen).to.equal(false)
      const other = await open()
      other.peer.close(1012, 'restart')
      expect(other.heard.ends).to.deep.equal([{ code: 1012, reason: 'restart' }])
    })

    it('a drop ends it with 1006, and with an error if there is one', async () => {
      const { heard, peer } = await open()
      peer.drop()
      expect(heard.ends).to.deep.equal([{ code: 1006, reason: '', error: undefined }])
      const error = new Error('ECONNRESET')
      const other = await open()
      other.peer.drop(error)
      expect(other.heard.ends[0]?.error).to.equal(error)
    })

    it('nothing arrives after the end', async () => {
      const { heard, peer } = await open()
      peer.close()
      peer.send('late')
      peer.ping()
      peer.close()
      await settle()
      expect(heard.events).to.deep.equal(['opened', 'closed'])
    })

    it('a message sent while another is received comes after it, not inside it', async () => {
      const { heard, peer } = await open()
      const ends: unknown[] = []
      heard.afterMessage = (data) => {
        if (data === 'a') peer.send('b')
        ends.push(data)
      }
      peer.send('a')
      expect(ends).to.deep.equal(['a', 'b'])
    })
  })

  describe('a paused client', () => {
    it('receives nothing, not even the end, until it reads again', async () => {
      const { client, heard, peer } = await open()
      client.pause()
      expect(peer.isPaused).to.equal(true)
      peer.send('a')
      peer.close()
      await settle()
      expect(heard.events).to.deep.equal(['opened'])
      client.resume()
      expect(heard.events).to.deep.equal(['opened'])
      await settle()
      expect(heard.events).to.deep.equal(['opened', 'message', 'closed'])
    })

    it('still receives the rest of a chunk', async () => {
      const { client, heard, peer } = await open()
      peer.chunk = 2
      client.pause()
      for (const text of ['a', 'b', 'c']) peer.send(text)
      heard.afterMessage = () => client.pause()
      client.resume()
      await settle()
      expect(heard.messages).to.deep.equal(['a', 'b'])
    })

    it('receives nothing after the end within the same chunk', async () => {
      const { client, heard, peer } = await open()
      peer.chunk = 3
      client.pause()
      peer.send('a')
      peer.close()
      peer.send('too late')
      client.resume()
      await settle()
      expect(heard.events).to.deep.equal(['opened', 'message', 'closed'])
    })

    it('can resume even if it is reading', async () => {
      const { client, heard, peer } = await open()
      client.resume()
      peer.send('a')
      await settle()
      expect(heard.messages).to.deep.equal(['a'])
    })

    it('is notified when it terminates', async () => {
      const { client, heard } = await open()
      client.pause()
      client.terminate()
      await settle()
      expect(heard.events).to.deep.equal(['opened', 'closed'])
    })
  })

  describe('from the client to the peer', () => {
    it('messages are kept, and passed to onMessage', async () => {
      const { client, peer } = await open()
      const told: unknown[] = []
      peer.onMessage = (data) => void told.push(data)
      const bytes = new Uint8Array([1])
      client.send('text')
      client.send(bytes)
      expect(peer.received).to.deep.equal(['text', bytes])
      expect(told).to.deep.equal(['text', bytes])
    })

    it('messages stay in the buffer while the peer does not read, and leave when it does', async () => {
      const { client, peer } = await open()
      const flushed: number[] = []
      peer.isReading = false
      client.send('abc', () => flushed.push(client.bufferedAmount))
      client.send('de', () => flushed.push(client.bufferedAmount))
      expect(client.bufferedAmount).to.equal(5)
      expect(peer.received).to.deep.equal([])
      peer.read()
      expect(peer.received).to.deep.equal(['abc', 'de'])
      expect(flushed).to.deep.equal([2, 0])
    })

    it('a ping waits behind messages, and leaves in order', async () => {
      const { client, peer } = await open()
      const left: string[] = []
      peer.isReading = false
      client.send('abc', () => left.push('message'))
      client.ping(new Uint8Array(), () => left.push(`ping ${peer.pings}`))
      expect(peer.pings).to.equal(0)
      expect(left).to.deep.equal([])
      peer.read()
      expect(left).to.deep.equal(['message', 'ping 1'])
    })

    it('flushed is called at the end for messages that never left', async () => {
      const { client, peer, heard } = await open()
      let isFlushed = false
      peer.isReading = false
      client.send('a')
      client.send('b', () => (isFlushed = true))
      peer.drop()
      expect(heard.events).to.deep.equal(['opened', 'closed'])
      expect(isFlushed).to.equal(true)
      expect(peer.received).to.deep.equal([])
    })

    it('messages sent after the end never arrive, and flushed is called', async () => {
      const { client, peer } = await open()
      let isFlushed = false
      peer.close()
      client.send('a')
      client.send('b', () => (isFlushed = true))
      await settle()
      expect(peer.received).to.deep.equal([])
      expect(isFlushed).to.equal(true)
    })

    it('pings are counted and answered, unless the peer is dead', async () => {
      const { client, heard, peer } = await open()
      client.ping(new Uint8Array([7]))
      await settle()
      expect(peer.pings).to.equal(1)
      expect(heard.pongs).to.deep.equal([new Uint8Array([7])])
      peer.isAlive = false
      client.ping(new Uint8Array([8]))
      await settle()
      expect(peer.pings).to.equal(2)
      expect(heard.pongs).to.have.length(1)
    })

    it('pings and pongs after the end have no effect', async () => {
      const { client, peer } = await open()
      peer.close()
      client.ping(new Uint8Array())
      client.pong(new Uint8Array())
      expect(peer.pings).to.equal(0)
      expect(peer.pongs).to.deep.equal([])
    })

    it('a close frame is kept and answered in kind', async () => {
      const { client, heard, peer } = await open()
      client.close(4000, 'moving')
      expect(client.isOpen).to.equal(false)
      expect(peer.isOpen).to.equal(false)
      expect(heard.ends).to.deep.equal([])
      await settle()
      expect(peer.closeFrame).to.deep.equal({ code: 4000, reason: 'moving' })
      expect(heard.ends).to.deep.equal([{ code: 4000, reason: 'moving' }])
      client.close(1000, '')
      expect(peer.closeFrame).to.deep.equal({ code: 4000, reason: 'moving' })
    })

    it('a dead peer does not answer a close frame', async () => {
      const { client, heard, peer } = await open()
      peer.isAlive = false
      client.close(1000, '')
      await settle()
      expect(peer.closeFrame).to.deep.equal({ code: 1000, reason: '' })
      expect(heard.ends).to.deep.equal([])
    })

    it('a termination ends it with 1006, never in the tick of the call, and once', async () => {
      const { client, heard } = await open()
      client.terminate()
      client.terminate()
      expect(heard.ends).to.deep.equal([])
      expect(client.isOpen).to.equal(false)
      await settle()
      expect(heard.ends).to.deep.equal([{ code: 1006, reason: '' }])
    })
  })

  describe('subprotocols', () => {
    it('the server chooses the first one offered by default, as over a socket', async () => {
      const { client } = begin(new MemoryServer(), { ...REQUEST, protocols: ['v2', 'v1'] })
      await settle()
      expect(client.protocol).to.equal('v2')
    })

    const wrong: readonly [string, readonly string[], string, string][] = [
      ['was not offered', ['v1'], 'v2', 'Server sent an invalid subprotocol'],
      ['is sent although none was offered', [], 'v1', 'Server sent a subprotocol but none was requested'],
      ['is missing although it is required', ['v1'], '', 'Server sent no subprotocol'],
    ]
    for (const [fact, protocols, protocol, reason] of wrong) {
      it(`the attempt fails if the subprotocol ${fact}`, async () => {
        const { heard } = begin(new MemoryServer(accept({ protocol })), { ...REQUEST, protocols })
        await settle()
        const { error } = heard.ends[0]!
        expect(error).to.be.instanceOf(HandshakeError)
        expect(error!.message).to.equal(
          `Server at wss://peer.test/feed sent an invalid handshake response: ${reason}`,
        )
        expect((error as HandshakeError).violation).to.equal('subprotocol')
      })
    }

    it('the server may choose none if the client allows it', async () => {
      const request = { ...REQUEST, protocols: ['v1'], isProtocolRequired: false }
      const { client } = begin(new MemoryServer(accept({ protocol: '' })), request)
      await settle()
      expect([client.isOpen, client.protocol]).to.deep.equal([true, ''])
    })
  })

  it('shows the URL, the subprotocols and the headers of the request, with lowercase names', () => {
    const { peer } = begin(new MemoryServer(), { ...REQUEST, protocols: ['v1'], headers: { 'X-Key': 'k' } })
    expect(peer.url).to.equal(REQUEST.url)
    expect(peer.protocols).to.deep.equal(['v1'])
    expect(peer.headers).to.deep.equal({ 'x-key': 'k' })
  })

  describe('#script', () => {
    it('replaces the behaviors for the next attempts', async () => {
      const server = new MemoryServer(refuse())
      begin(server)
      await settle()
      server.script(accept())
      begin(server)
      await settle()
      expect(server.peers.map((peer) => peer.hasOpened)).to.deep.equal([false, true])
    })
  })

  describe('#connection', () => {
    it('lets the clock advance until the nth connection has opened', async () => {
      const { server, clock, witness } = await ready({}, {}, (each) =>
        each.script(accept(), refuse(), accept()),
      )
      server.peer.drop()
      const second = await server.connection(2)
      expect(second).to.equal(server.peers[2])
      expect(witness.opens).to.have.length(2)
      expect(clock.now()).to.be.greaterThan(0)
      expect(await server.connection(1)).to.equal(server.peers[0])
    })

    it('waits for the first attempt, before which the clock is not known', async () => {
      const server = new MemoryServer()
      const first = server.connection(1)
      begin(server)
      expect(await first).to.equal(server.peer)
    })

    it('fails if no connection can open, with the attempts so far', async () => {
      const { server, client } = await ready({}, {}, (each) => each.script(accept(), refuse(), ignore()))
      server.peer.drop()
      expect(await rejection(server.connection(2, { within: 8_000 }))).to.have.property(
        'message',
        'Stopped waiting for connection 2: 8000 ms have passed. Attempts so far: opened and ended, failed, pending',
      )
      await client.close()
      expect(await rejection(server.connection(2))).to.have.property(
        'message',
        'Stopped waiting for connection 2: no timer is pending, so nothing more happens until the test acts. ' +
          'Attempts so far: opened and ended, failed, failed',
      )
    })

    it('fails after the limit if no attempt is made', async () => {
      const failure = await rejection(new MemoryServer().connection(1, { within: 1 }))
      expect(failure).to.have.property(
        'message',
        'Stopped waiting for connection 1: 1 ms have passed. No attempt has been made',
      )
    })
  })

  it('also ends half-open connections when it closes', async () => {
    const { server, witness, clock } = await ready({ heartbeat: false })
    server.peer.goHalfOpen()
    server.close()
    await clock.settle()
    expect(witness.closes).to.have.length(1)
  })

  it('says at once that there is no connection 0, and shows at most the last 10 attempts', async () => {
    const { server } = await ready({}, {}, (each) => each.script(accept(), refuse()))
    expect(await rejection(server.connection(0))).to.have.property(
      'message',
      'Stopped waiting for connection 0: connections are numbered from 1. Attempts so far: open',
    )
    server.peer.drop()
    expect(await rejection(server.connection(2)))
      .to.have.property('message')
      .that.matches(
        /300000 ms have passed. Attempts so far \(the last 10 of \d+\): failed(, failed){8}, (failed|pending)$/,
      )
  })

  describe('#close', () => {
    it('closes open connections with 1001, fails pending attempts, and refuses further ones until a new script', async () => {
      const server = new MemoryServer(accept(), ignore(), accept())
      const [open, pending] = [begin(server), begin(server)]
      await settle()
      server.close()
      const late = begin(server)
      await settle()
      expect(open.heard.ends).to.deep.equal([{ code: 1001, reason: '' }])
      for (const { heard } of [pending, late])
        expect(heard.ends[0]?.error).to.be.instanceOf(ConnectFailedError)
      server.script(accept())
      const next = begin(server)
      await settle()
      expect(next.client.isOpen).to.equal(true)
    })

    it('is called by disposal', async () => {
      const { server, heard } = await open()
      await server[Symbol.asyncDispose]()
      expect(heard.ends).to.deep.equal([{ code: 1001, reason: '' }])
    })
  })
})
