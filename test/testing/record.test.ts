import { expect } from 'chai'
import { PassThrough, Writable } from 'node:stream'
import { bootstrap, Connection, OnMessage, WebSocketClient } from 'holdfast'
import type { ClientOptions, Connect, Transport } from 'holdfast'
import { jsonRpc } from 'holdfast/requests'
import { FakeClock, MemoryServer, readRecording, record, startTestServer } from 'holdfast/testing'
import type { RecordedEvent, RecordOptions } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { KeepingLogger } from '../support/keeping-logger.js'
import { ready, start } from '../support/rig.js'
import { readAll } from '../support/read-all.js'

const URL_WITH_SECRETS = 'ws://user:secret@peer.test/feed?token=secret'

/** Returns the events without their times. */
function timeless(lines: readonly string[]): Partial<RecordedEvent>[] {
  return readRecording(lines).map((event) =>
    Object.fromEntries(Object.entries(event).filter(([name]) => name !== 't')),
  )
}

/** Returns the messages in a recording, with their direction and link. */
function messagesIn(lines: readonly string[]): string[] {
  return readRecording(lines).flatMap((event) => {
    if (event.d !== 'send' && event.d !== 'recv') return []
    return [`${event.d} ${event.link} ${event.text ?? `b64 ${event.b64}`}`]
  })
}

/** Starts a client whose constructor records. */
async function recorded(options: ClientOptions = {}, recordOptions: RecordOptions = {}) {
  const lines: string[] = []
  @WebSocketClient({ inject: [Connection] })
  class Recorded {
    constructor(connection: Connection) {
      record(connection, (line) => lines.push(line), recordOptions)
    }

    @OnMessage('wanted')
    wanted(): unknown {
      return { type: 'reply' }
    }
  }
  const server = new MemoryServer()
  const clock = new FakeClock()
  const given = { transport: server.connect, clock, random: () => 0.5, logger: false } as const
  const client = await bootstrap(Recorded, URL_WITH_SECRETS, { ...given, ...options })
  return { client, server, clock, lines }
}

describe('record', () => {
  const use = disposal()

  it('writes the opening, each message in both directions, and the end, with the seconds since the start', async () => {
    const { client, server, clock, lines } = await recorded()
    await clock.advance(1_500)
    server.peer.send('{"type":"wanted"}')
    await clock.settle()
    await client.connection.send(Uint8Array.of(1, 2, 255))
    await clock.advance(250.5)
    await client.close(1000, 'bye')
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal([
      { t: 0, d: 'open', link: 1, url: 'ws://peer.test/feed', date: '2026-01-01T00:00:00.000Z' },
      { t: 1.5, d: 'recv', link: 1, text: '{"type":"wanted"}' },
      { t: 1.5, d: 'send', link: 1, text: '{"type":"reply"}' },
      { t: 1.5, d: 'send', link: 1, b64: 'AQL/' },
      { t: 1.7505, d: 'close', link: 1, code: 1000, reason: 'bye', sentCode: 1000 },
    ])
  })

  it('records what a client sends in @OnOpen, requests, replies and acknowledgments', async () => {
    const lines: string[] = []
    const { client, server, clock } = await ready(
      { requests: jsonRpc(), ackOnArrival: () => ({ ack: true }) },
      {
        open: (_, { connection }) => {
          record(connection, (line) => lines.push(line))
          void connection.sendJson('hello')
        },
      },
    )
    const reply = client.connection.request({ method: 'time' })
    server.peer.send({ jsonrpc: '2.0', id: 1, result: 3 })
    expect(await reply).to.equal(3)
    await clock.settle()
    expect(messagesIn(lines)).to.deep.equal([
      'send 1 "hello"',
      'send 1 {"jsonrpc":"2.0","method":"time","id":1}',
      'recv 1 {"jsonrpc":"2.0","id":1,"result":3}',
      'send 1 {"ack":true}',
    ])
    await client.close()
  })

  it('records heartbeats that are messages, and the text that answers them', async () => {
    const heartbeat = { interval: 10_000, text: 'ping', reply: 'pong' }
    const { client, server, clock, lines } = await recorded({ heartbeat })
    await clock.advance(10_000)
    server.peer.send('pong')
    expect(messagesIn(lines)).to.deep.equal(['send 1 ping', 'recv 1 pong'])
    await client.close()
  })

  it('records a message behind a rate limit when it is sent, not before', async () => {
    const { client, server, clock, lines } = await recorded({
      rateLimit: { messages: 1, per: 1_000 },
      heartbeat: false,
    })
    void client.connection.send('one')
    void client.connection.send('two')
    server.peer.send('{"type":"between"}')
    expect(messagesIn(lines)).to.deep.equal(['send 1 one', 'recv 1 {"type":"between"}'])
    await clock.advance(1_000)
    expect(messagesIn(lines).at(-1)).to.equal('send 1 two')
    await client.close()
  })

  it('records messages without a handler, although they are skipped without parsing', async () => {
    const { lines, server } = { lines: [] as string[], server: use(await startTestServer()) }
    class Picky {
      @OnMessage('wanted')
      wanted(): void {}
    }
    const client = use(await bootstrap(Picky, server.url, { route: 'type', logger: false }))
    const { socket } = await server.connection(1)
    const unwanted = (n: number): string => `{"type":"unwanted","n":${n}}`
    // The first ones teach the client what to skip.
    for (let n = 0; n < 20; n += 1) socket.send(unwanted(n))
    await eventually('they are counted', () => client.connection.stats.unhandledMessages === 20)
    record(client.connection, (line) => lines.push(line))
    for (let n = 20; n < 60; n += 1) socket.send(unwanted(n))
    await eventually('all are counted', () => client.connection.stats.unhandledMessages === 60)
    expect(messagesIn(lines)).to.deep.equal(
      Array.from({ length: 40 }, (_, n) => `recv 1 ${unwanted(n + 20)}`),
    )
  })

  it('goes on after a reconnect, and records failed attempts', async () => {
    const { client, server, clock, lines } = await recorded()
    const { accept } = { accept: server.onAttempt }
    server.onAttempt = (peer) => {
      server.onAttempt = accept
      peer.refuse()
    }
    server.peer.drop(new Error('cut'))
    await clock.advance(60_000)
    server.peer.send('again')
    expect(timeless(lines).slice(1)).to.deep.equal([
      { d: 'close', link: 1, code: 1006, error: 'cut' },
      {
        d: 'fail',
        attempt: 2,
        url: 'ws://peer.test/feed',
        error: 'Failed to connect to ws://peer.test/feed: refused',
      },
      { d: 'open', link: 2, url: 'ws://peer.test/feed', date: (timeless(lines)[3] as { date: string }).date },
      { d: 'recv', link: 2, text: 'again' },
    ])
    await client.close()
  })

  it('tells the two links of a handover apart', async () => {
    const { client, server, clock, lines } = await recorded()
    const old = server.peer
    client.connection.reconnect({ overlap: true })
    old.isAlive = false
    await clock.settle()
    server.peer.send('new')
    old.send('old')
    expect(messagesIn(lines)).to.deep.equal(['recv 2 new', 'recv 1 old'])
    await client.connection.terminate()
  })

  it('starts with the open link if the client is already connected', async () => {
    const { client, server, clock } = await ready()
    const lines: string[] = []
    await clock.advance(5_000)
    record(client.connection, (line) => lines.push(line))
    server.peer.send('one')
    expect(readRecording(lines)).to.deep.equal([
      { t: 0, d: 'open', link: 1, url: 'ws://peer.test/feed', date: '2026-01-01T00:00:05.000Z' },
      { t: 0, d: 'recv', link: 1, text: 'one' },
    ])
    await client.close()
  })

  it('writes neither credentials nor headers, and the query only if asked to', async () => {
    const headers = { authorization: 'Bearer secret' }
    const closed = await recorded({ headers })
    await closed.client.close()
    expect(closed.lines.join('\n')).not.to.contain('secret')
    const open = await recorded({ headers }, { query: true })
    await open.client.close()
    expect(open.lines[0]).to.contain('"url":"ws://peer.test/feed?token=secret"')
  })

  it('lets redact change events and leave them out', async () => {
    const { client, lines } = await recorded(
      {},
      {
        redact: (event) => {
          if (event.d !== 'send') return undefined
          return { ...event, text: event.text?.replace(/key=\w+/, 'key=…') }
        },
      },
    )
    void client.connection.send('login key=abc')
    await client.close()
    expect(timeless(lines)).to.deep.equal([{ d: 'send', link: 1, text: 'login key=…' }])
  })

  it('ends when the returned function is called, or at the end of its block', async () => {
    const { client, server } = await ready()
    const lines: string[] = []
    const stop = record(client.connection, (line) => lines.push(`a ${line}`))
    const other = record(client.connection, (line) => lines.push(`b ${line}`))
    server.peer.send('one')
    other[Symbol.dispose]()
    server.peer.send('two')
    stop()
    server.peer.send('three')
    void client.connection.send('four')
    await client.close()
    const texts = lines.map((line) => `${line[0]} ${(JSON.parse(line.slice(2)) as { text?: string }).text}`)
    expect(texts).to.deep.equal(['a undefined', 'b undefined', 'a one', 'b one', 'a two'])
  })

  it('detaches from the socket when the last recording of a connection ends', async () => {
    const server = new MemoryServer()
    const sockets: Transport[] = []
    const transport: Connect = (request, listener) => {
      const socket = server.connect(request, listener)
      sockets.push(socket)
      return socket
    }
    const { client } = await ready({ transport })
    const sends = (): unknown => (sockets[0] as { readonly send: unknown }).send
    const stop = record(client.connection, () => undefined)
    const tapped = sends()
    record(client.connection, () => undefined)()
    expect(sends()).to.equal(tapped)
    stop()
    expect(sends()).not.to.equal(tapped)
    await client.close()
  })

  it('ends with one warning if the sink or redact throws, and leaves the connection alone', async () => {
    const logger = new KeepingLogger()
    const { lines: log } = logger
    const { client, server, clock } = await ready({ logger })
    let calls = 0
    record(client.connection, () => {
      calls += 1
      if (calls === 2) throw new Error('disk full')
    })
    server.peer.send('"one"')
    server.peer.send('"two"')
    await clock.settle()
    expect(client.instance.messages).to.deep.equal(['one', 'two'])
    expect(calls).to.equal(2)
    expect(log.filter((line) => line.includes('Recording ended'))).to.have.length(1)
    expect(log.join('\n')).to.contain('Recording ended: disk full')
    await client.close()
  })

  it('writes lines to a stream, without ending it', async () => {
    const { client, server } = await ready()
    const stream = new PassThrough()
    const stop = record(client.connection, stream)
    server.peer.send('one')
    stop()
    expect(readAll(stream).trimEnd().split('\n')).to.have.length(2)
    expect(stream.writableEnded).to.equal(false)
    expect(stream.listenerCount('error')).to.equal(0)
    await client.close()
  })

  it('ends with a warning if the stream fails or no longer drains', async () => {
    const logger = new KeepingLogger()
    const { lines: log } = logger
    const { client, server } = await ready({ logger })
    const failing = new PassThrough()
    record(client.connection, failing)
    failing.destroy(new Error('no space'))
    await eventually('it is reported', () => log.some((line) => line.includes('Recording ended: no space')))
    const stuck = new Writable({ write: () => undefined, highWaterMark: 1 })
    record(client.connection, stuck)
    const large = 'x'.repeat(40 * 2 ** 20)
    for (let n = 0; n < 3; n += 1) server.peer.send(large)
    expect(log.at(-1)).to.contain('Recording ended: more than 64 MiB are waiting in the stream')
    expect(stuck.writableLength).to.be.below(100 * 2 ** 20)
    await client.connection.terminate()
  })

  it('rejects anything but a connection and a sink', async () => {
    const { client } = await ready()
    const { connection } = client
    expect(() => record(client as never, () => undefined)).to.throw(TypeError, 'expects a Connection')
    expect(() => record(undefined as never, () => undefined)).to.throw(TypeError, 'received undefined')
    expect(() => record(connection, {} as never)).to.throw(TypeError, 'received a plain object')
    await client.close()
  })

  it('records an attempt that fails before anything opens', async () => {
    const lines: string[] = []
    const { starting, witness, clock } = start({ reconnect: false }, {}, (server) => {
      server.onAttempt = (peer) => peer.refuse()
    })
    record(witness.connection, (line) => lines.push(line))
    await clock.settle()
    expect(timeless(lines).map(({ d }) => d)).to.deep.equal(['fail'])
    await starting.catch(() => undefined)
  })
})
