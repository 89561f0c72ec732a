import { expect } from 'chai'
import type { Transport, TransportRequest } from 'holdfast'
import { ConnectFailedError } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import type { MemoryPeer } from 'holdfast/testing'
import { Recorder } from '../support/recorder.js'

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
function begin(server = new MemoryServer()): Rig {
  const heard = new Recorder()
  const client = server.connect(REQUEST, heard)
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
      expect(() => new MemoryServer().peer).to.throw('No connection attempt has been made yet')
    })

    it('can be accepted later, with a subprotocol and headers', async () => {
      const server = new MemoryServer()
      server.onAttempt = () => {}
      const { client, heard, peer } = begin(server)
      await settle()
      expect(heard.events).to.deep.equal([])
      peer.accept({ protocol: 'v1', headers: { server: 'x' } })
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
})
