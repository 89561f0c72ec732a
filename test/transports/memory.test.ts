import { expect } from 'chai'
import { ConnectFailedError } from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import type { MemoryPeer } from 'holdfast/testing'
import { turns } from '../support/eventually.js'
import { Recorder } from '../support/recorder.js'
import { describeTransport } from './conformance.js'
import type { FarEnd } from './scene.js'

const REQUEST = {
  url: 'ws://memory/feed?token=secret',
  protocols: [],
  headers: {},
  maxPayload: 0,
  maxFragments: 0,
  closeTimeout: 5_000,
}

function farEndOf(peer: MemoryPeer): FarEnd {
  return {
    received: peer.received,
    pongs: peer.pongs,
    get closeFrame() {
      return peer.closeFrame
    },
    send: (data) => peer.send(data),
    ping: (data) => peer.ping(data),
    pong: (data) => peer.pong(data),
    close: (code = 1005, reason = '') => peer.close(code, reason),
    cut: () => peer.drop(),
    stopReading: () => {
      peer.isReading = false
    },
    readOn: () => peer.read(),
    together: (act) => act(),
  }
}

describeTransport('MemoryServer', async ({ early = [], protocol = '', isRefusing = false }) => {
  const server = new MemoryServer()
  server.onAttempt = (peer) => {
    if (isRefusing) {
      peer.refuse()
      return
    }
    for (const message of early) peer.send(message)
    peer.accept({ protocol })
  }
  return {
    connect: server.connect,
    url: 'ws://memory/',
    get headers() {
      return server.peer.request.headers
    },
    farEnd: () => Promise.resolve(farEndOf(server.peer)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})

describe('MemoryServer', () => {
  function connected(): {
    server: MemoryServer
    recorder: Recorder
    transport: ReturnType<MemoryServer['connect']>
  } {
    const server = new MemoryServer()
    const recorder = new Recorder()
    return { server, recorder, transport: server.connect(REQUEST, recorder) }
  }

  it('accepts every attempt by default, and counts the live ones', async () => {
    const { server, recorder } = connected()
    expect(server.live).to.equal(0)
    await recorder.untilOpened()
    expect(server.live).to.equal(1)
    server.peer.close()
    expect(server.live).to.equal(0)
    expect(server.peer.isEnded).to.equal(true)
    expect(server.peers).to.have.lengthOf(1)
  })

  it('throws if there has been no attempt', () => {
    expect(() => new MemoryServer().peer).to.throw(
      'No connection attempt has been made yet. Await server.connection(1) first',
    )
  })

  it('leaves an attempt that is neither accepted nor refused pending', async () => {
    const { server, recorder, transport } = connected()
    server.onAttempt = () => undefined
    await turns()
    expect(recorder.events).to.deep.equal([])
    transport.terminate()
    await recorder.untilClosed()
  })

  it('refuses with an error that does not contain the query', async () => {
    const { server, recorder } = connected()
    server.onAttempt = (peer) => peer.refuse()
    const { error } = await recorder.untilClosed()
    expect(error).to.be.instanceOf(ConnectFailedError)
    expect(error?.message).to.include('ws://memory/feed').and.not.include('secret')
  })

  it('can refuse after sending a message, which is then lost', async () => {
    const { server, recorder } = connected()
    server.onAttempt = (peer) => {
      peer.send('too early')
      peer.refuse()
    }
    await recorder.untilClosed()
    expect(recorder.events).to.deep.equal(['closed'])
  })

  it('does nothing more once the attempt has ended', async () => {
    const { server, recorder, transport } = connected()
    await recorder.untilOpened()
    server.peer.drop()
    server.peer.accept()
    server.peer.send('too late')
    server.peer.close()
    transport.resume()
    await turns()
    expect(recorder.events).to.deep.equal(['opened', 'closed'])
  })

  it('loses anything that follows an end in the same chunk', async () => {
    const { server, recorder, transport } = connected()
    await recorder.untilOpened()
    server.peer.chunk = 2
    transport.pause()
    server.peer.close(1000)
    server.peer.send('too late')
    transport.resume()
    await recorder.untilClosed()
    expect(recorder.events).to.deep.equal(['opened', 'closed'])
  })

  it('keeps the order if a message is sent while another is being delivered', async () => {
    const { server, recorder } = connected()
    await recorder.untilOpened()
    const delivered: string[] = []
    recorder.afterMessage = (data) => {
      if (data === 'first') server.peer.send('second')
      delivered.push(String(data))
    }
    server.peer.send('first')
    expect(delivered).to.deep.equal(['first', 'second'])
  })

  it('sends values as JSON', async () => {
    const { server, recorder } = connected()
    await recorder.untilOpened()
    server.peer.send({ type: 'tick', price: 1 })
    expect(recorder.messages).to.deep.equal(['{"type":"tick","price":1}'])
  })

  it('calls onMessage with each message', async () => {
    const { server, recorder, transport } = connected()
    await recorder.untilOpened()
    server.peer.onMessage = (data) => server.peer.send(`echo ${String(data)}`)
    transport.send('hello')
    expect(recorder.messages).to.deep.equal(['echo hello'])
  })

  it('drops the connection with an error, as a reset does', async () => {
    const { server, recorder } = connected()
    await recorder.untilOpened()
    server.peer.drop(new Error('reset'))
    expect(recorder.ends[0]).to.deep.include({ code: 1006, reason: '' })
    expect(recorder.ends[0]?.error?.message).to.equal('reset')
  })

  it('answers neither pings nor a close frame once it is dead', async () => {
    const { server, recorder, transport } = connected()
    await recorder.untilOpened()
    server.peer.isAlive = false
    transport.ping(Buffer.from('1'))
    transport.close(1000, 'bye')
    await turns()
    expect(server.peer.pings).to.equal(1)
    expect(server.peer.closeFrame).to.deep.equal({ code: 1000, reason: 'bye' })
    expect(recorder.events).to.deep.equal(['opened'])
  })

  it('delivers the rest of a chunk after a pause', async () => {
    const { server, recorder, transport } = connected()
    await recorder.untilOpened()
    server.peer.chunk = 2
    transport.pause()
    for (const text of ['1', '2', '3']) server.peer.send(text)
    expect(server.peer.isPaused).to.equal(true)
    recorder.afterMessage = () => transport.pause()
    transport.resume()
    await recorder.untilMessages(2)
    await turns()
    expect(recorder.messages).to.deep.equal(['1', '2'])
  })
})
