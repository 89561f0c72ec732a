import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { expect } from 'chai'
import { z } from 'zod'
import { Connection, HandshakeError, OnMessage, WebSocketClient, bootstrap } from 'holdfast'
import type { ClientOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { deferred } from '#src/core/deferred.js'
import type { ConnectionDiagnostic, DiagnosticChannels } from '#src/diagnostics/payloads.js'
import { listenTo } from '../support/heard.js'
import { ready, start } from '../support/rig.js'
import type { Rig } from '../support/rig.js'

type Own<T> = Omit<T, keyof ConnectionDiagnostic>

const FACTS = ['connection', 'client', 'class', 'serverAddress', 'serverPort', 'connectionNumber']

/** Returns the data without the facts about the connection. */
function own<T extends ConnectionDiagnostic>(data: T): Own<T> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !FACTS.includes(name))) as Own<T>
}

/** Starts a witness, runs a function, and returns what a channel published during the run. */
async function heardOn<N extends keyof DiagnosticChannels>(
  channel: N,
  options: ClientOptions,
  run: (rig: Rig) => unknown,
): Promise<Own<DiagnosticChannels[N]>[]> {
  const rig = await ready({ heartbeat: false, ...options })
  using heard = listenTo(channel)
  await run(rig)
  await rig.clock.settle()
  return heard.events.map(own)
}

describe('channels', () => {
  it('publish the same facts about the connection with every event', async () => {
    using heard = listenTo('holdfast:state')
    const rig = await ready({ url: 'wss://user:pass@feed.example:8443/path?token=1', name: 'Feed' })
    const [first] = heard.events
    const { id } = (await rig.starting).connection
    const facts = { connection: id, client: 'Feed', class: 'Started', from: 'connecting' }
    const server = { serverAddress: 'feed.example', serverPort: 8443 }
    expect(id).to.match(/^Feed#\d+$/)
    expect(first).to.deep.equal({ ...facts, ...server, connectionNumber: 1, to: 'opening' })
    expect(heard.events.map(({ to }) => to)).to.deep.equal(['opening', 'open'])
  })

  it('know the standard ports, IPv6 hosts and Unix sockets', async () => {
    const servers: unknown[] = []
    for (const url of ['ws://a.test', 'wss://a.test/x', 'ws://[::1]:5/', 'ws+unix:///run/app.sock:/x']) {
      using heard = listenTo('holdfast:state')
      await ready({ url })
      const { serverAddress, serverPort } = heard.events[0] as ConnectionDiagnostic
      servers.push([serverAddress, serverPort])
    }
    expect(servers).to.deep.equal([
      ['a.test', 80],
      ['a.test', 443],
      ['::1', 5],
      ['/run/app.sock', undefined],
    ])
  })

  it('pass the error of a subscriber to the process as an uncaught exception, and the connection goes on', async () => {
    const rig = await ready({ heartbeat: false })
    const thrown = new Error('subscriber')
    const listener = (): never => {
      throw thrown
    }
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const caught = once(process, 'uncaughtException')
    subscribe('holdfast:frame', listener)
    try {
      rig.server.peer.send({ n: 1 })
      expect(rig.witness.messages).to.deep.equal([{ n: 1 }])
      expect((await caught)[0]).to.equal(thrown)
    } finally {
      unsubscribe('holdfast:frame', listener)
      for (const other of others) process.on('uncaughtException', other)
    }
    expect(rig.witness.connection.state.status).to.equal('open')
  })

  describe('holdfast:state', () => {
    it('publishes each change of the status', async () => {
      const events = await heardOn('holdfast:state', {}, (rig) => rig.server.peer.drop())
      expect(events).to.deep.equal([{ from: 'open', to: 'waiting' }])
    })
  })

  describe('holdfast:attempt', () => {
    it('publishes the duration of each attempt, and its error with the HTTP status', async () => {
      using heard = listenTo('holdfast:attempt')
      const refusal = new HandshakeError('ws://peer.test/', 'refused', { status: 503 })
      const rig = start({}, {}, (server) => (server.onAttempt = (peer) => peer.refuse(refusal)))
      await rig.clock.settle()
      const [event] = heard.events
      expect(event).to.include({ attempt: 1, duration: 0, statusCode: 503, connectionNumber: 0 })
      expect(event?.error).to.include({ name: 'HandshakeError', code: 'HOLDFAST_HANDSHAKE' })
      rig.server.onAttempt = (peer) => peer.accept()
      await rig.clock.advance(60_000)
      const told = heard.events.map((each) => [each.attempt, each.error?.name, each.connectionNumber])
      expect(told).to.deep.equal([
        [1, 'HandshakeError', 0],
        [2, undefined, 1],
      ])
    })

    it('measures the time since the option functions were called', async () => {
      using heard = listenTo('holdfast:attempt')
      const url = deferred<string>()
      const rig = start({ url: () => url.promise })
      await rig.clock.advance(250)
      url.resolve('ws://a.test')
      await rig.clock.settle()
      expect(heard.events.map(({ duration }) => duration)).to.deep.equal([250])
    })

    it('publishes a canceled attempt once', async () => {
      using heard = listenTo('holdfast:attempt')
      const rig = start({ url: () => deferred<string>().promise })
      await rig.clock.advance(250)
      rig.starting.catch(() => undefined)
      await rig.witness.connection.close()
      expect(heard.events.map(({ duration, error }) => [duration, error?.name])).to.deep.equal([
        [250, 'AbortError'],
      ])
    })
  })

  describe('holdfast:delay', () => {
    it('publishes each wait, with the number of the next attempt and the error', async () => {
      const events = await heardOn('holdfast:delay', {}, (rig) => rig.server.peer.drop())
      const [{ attempt, delay, error }] = events as [(typeof events)[0]]
      expect(events).to.have.length(1)
      expect([attempt, error.name]).to.deep.equal([2, 'ConnectionLostError'])
      expect(delay).to.be.greaterThan(0)
    })

    it('publishes a wait only once, even if reconnect() shortens it', async () => {
      const events = await heardOn('holdfast:delay', {}, ({ server, witness }) => {
        server.peer.drop()
        witness.connection.reconnect()
        witness.connection.reconnect({ overlap: true })
      })
      expect(events).to.have.length(1)
    })
  })

  describe('holdfast:close', () => {
    it('publishes the end of a link that the server closed, and how long it was open', async () => {
      const events = await heardOn('holdfast:close', {}, async (rig) => {
        await rig.clock.advance(5_000)
        rig.server.peer.close(4_001, 'bye')
      })
      expect(events).to.deep.equal([
        {
          code: 4_001,
          sentCode: 4_001,
          initiator: 'remote',
          willReconnect: true,
          duration: 5_000,
          error: undefined,
        },
      ])
    })
  })

  describe('holdfast:frame', () => {
    type Frame = DiagnosticChannels['holdfast:frame']
    const told = ({ direction, type, bytes, preview }: Frame): string =>
      `${direction} ${type} ${bytes} ${preview}`.trim()

    async function frames(options: ClientOptions, run: (rig: Rig) => unknown): Promise<string[]> {
      const rig = await ready({ heartbeat: false, ...options })
      using heard = listenTo('holdfast:frame')
      await run(rig)
      await rig.clock.settle()
      return heard.events.map(told)
    }

    it('publishes what is sent and received on a link that was already open, with its size in bytes', async () => {
      const seen = await frames({}, (rig) => {
        const { peer } = rig.server
        peer.send('{"a":"é"}')
        peer.send(new Uint8Array(3))
        peer.ping(new Uint8Array(2))
        void rig.witness.connection.send('hi')
        void rig.witness.connection.send(new Uint8Array(4))
      })
      expect(seen).to.deep.equal([
        'receive text 10 {"a":"é"}',
        'receive binary 3',
        'receive ping 2',
        'transmit text 2 hi',
        'transmit binary 4',
      ])
    })

    it('publishes pings with their pongs, and close frames with code and reason', async () => {
      const seen = await frames({}, async (rig) => {
        await rig.witness.heartbeat.ping()
        await rig.witness.connection.close(4_000, 'done')
      })
      expect(seen).to.deep.equal([
        'transmit ping 1',
        'receive pong 1',
        'transmit close 6 4000 done',
        'receive close 6 4000 done',
      ])
    })

    it('publishes heartbeats that are messages, and messages behind a rate limit when they are sent', async () => {
      const options = {
        heartbeat: { interval: 1_000, message: () => ({ op: 'ping' }) },
        rateLimit: { messages: 1, per: 500 },
      }
      const seen = await frames(options, async (rig) => {
        void rig.witness.connection.send('one')
        void rig.witness.connection.send('two')
        await rig.clock.settle()
        rig.server.peer.send('{}')
        await rig.clock.advance(2_000)
      })
      expect(seen.slice(0, 3)).to.deep.equal([
        'transmit text 3 one',
        'receive text 2 {}',
        'transmit text 3 two',
      ])
      expect(seen).to.include('transmit text 13 {"op":"ping"}')
    })

    it('publishes a message that is sent in fragments once', async () => {
      const seen = await frames({}, (rig) => rig.witness.connection.send(['ab', 'cd', 'é']))
      expect(seen).to.deep.equal(['transmit text 6 ab'])
    })

    it('publishes messages that are skipped because no handler wants them', async () => {
      using heard = listenTo('holdfast:frame')
      @WebSocketClient({ heartbeat: false, logger: false })
      class Deaf {
        @OnMessage('known') known(): void {}
      }
      const server = new MemoryServer()
      const client = await bootstrap(Deaf, 'ws://a.test', { transport: server.connect })
      for (let n = 0; n < 5; n += 1) server.peer.send({ type: 'x' })
      await client.close()
      expect(heard.events.filter(({ type }) => type === 'text')).to.have.length(5)
    })
  })

  describe('holdfast:message', () => {
    it('publishes each decoded message', async () => {
      const events = await heardOn('holdfast:message', {}, (rig) => rig.server.peer.send({ type: 'tick' }))
      expect(events).to.deep.equal([{ message: { type: 'tick' } }])
    })
  })

  describe('holdfast:request', () => {
    it('publishes the end of each request, with its error', async () => {
      const events = await heardOn('holdfast:request', {}, async (rig) => {
        const { connection } = rig.witness
        const one = connection.request({ op: 'a' })
        const two = connection.request({ op: 'b' }, { timeout: 700 }).catch(() => undefined)
        await rig.clock.advance(300)
        rig.server.peer.send({ id: 1 })
        await rig.clock.advance(400)
        await Promise.all([one, two])
      })
      expect(events.map(({ duration, error }) => [duration, error?.code])).to.deep.equal([
        [300, undefined],
        [700, 'HOLDFAST_REQUEST_TIMEOUT'],
      ])
    })
  })

  describe('holdfast:queue', () => {
    it('publishes when back-pressure pauses and resumes a link', async () => {
      const gate = deferred<undefined>()
      const rig = await ready(
        { heartbeat: false, concurrency: 1, highWaterMark: 2 },
        { message: () => gate.promise },
      )
      using heard = listenTo('holdfast:queue')
      for (let n = 0; n < 3; n += 1) rig.server.peer.send({ n })
      gate.resolve(undefined)
      await rig.clock.settle()
      expect(heard.events.map(own)).to.deep.equal([
        { isPaused: true, messages: 3 },
        { isPaused: false, messages: 0 },
      ])
    })
  })

  describe('holdfast:round-trip', () => {
    it('publishes each answered ping', async () => {
      const events = await heardOn('holdfast:round-trip', {}, async (rig) => {
        const { peer } = rig.server
        peer.isAlive = false
        const answer = rig.witness.heartbeat.ping()
        await rig.clock.advance(40)
        peer.pong(new TextEncoder().encode('1'))
        await answer
      })
      expect(events).to.deep.equal([{ duration: 40 }])
    })
  })

  describe('holdfast:error', () => {
    it('publishes what @OnError receives, and what it throws', async () => {
      const rig = await ready(
        { heartbeat: false },
        {
          message: () => {
            throw new RangeError('one')
          },
          error: () => {
            throw new TypeError('two')
          },
        },
      )
      using heard = listenTo('holdfast:error')
      rig.server.peer.send({})
      await rig.clock.settle()
      const events = heard.events.map(own).map(({ error, ...facts }) => [error.name, error.message, facts])
      expect(events).to.deep.equal([
        ['RangeError', 'one', { stage: 'handle', handler: 'Started#received', fatal: false, count: 1 }],
        ['TypeError', 'two', { stage: 'handle', handler: 'Started#failed', fatal: false, count: 1 }],
      ])
    })
  })

  describe('holdfast:drop', () => {
    const Price = z.object({ price: z.number() })

    @WebSocketClient({ heartbeat: false, logger: false, reconnect: { initialDelay: 1 } })
    class Picky {
      constructor(readonly connection: Connection) {}
      @OnMessage('price', Price) price(): void {}
      @OnMessage('slow') slow(): Promise<void> {
        return new Promise(() => {})
      }
    }

    async function dropped(options: ClientOptions, run: (picky: Picky, server: MemoryServer) => unknown) {
      const clock = new FakeClock()
      const server = new MemoryServer()
      const starting = bootstrap(Picky, 'ws://a.test', { transport: server.connect, clock, ...options })
      await clock.settle()
      const { instance } = await starting
      using heard = listenTo('holdfast:drop')
      await run(instance, server)
      await clock.settle()
      return heard.events.map(own).map(({ reason, count }) => `${reason} ${count}`)
    }

    it('publishes messages that no handler handles', async () => {
      const reasons = await dropped({}, (_, { peer }) => {
        for (const text of ['{"type":"x"}', '{', '{"type":"price"}']) peer.send(text)
      })
      expect(reasons).to.deep.equal(['unhandled 1', 'decode 1', 'validation 1'])
    })

    it('publishes each message that is skipped without being parsed', async () => {
      const reasons = await dropped({}, (_, { peer }) => {
        for (let n = 0; n < 10; n += 1) peer.send({ type: 'x', n })
      })
      expect(reasons).to.deep.equal(Array.from({ length: 10 }, () => 'unhandled 1'))
    })

    it('publishes messages that newer ones replace, and those that are discarded at the end', async () => {
      const concurrency = { limit: 1, key: 'type', conflate: true }
      const reasons = await dropped({ concurrency }, async ({ connection }, { peer }) => {
        for (let n = 0; n < 3; n += 1) peer.send({ type: 'slow', n })
        await connection.terminate()
      })
      expect(reasons).to.deep.equal(['conflated 1', 'discarded 1'])
    })

    it('publishes messages that are never sent', async () => {
      const outbox = { limit: 1, overflow: 'drop-oldest' } as const
      const reasons = await dropped({ outbox }, async ({ connection }, { peer }) => {
        peer.drop()
        for (let n = 0; n < 2; n += 1) void connection.sendJson({ n })
        await connection.terminate()
      })
      expect(reasons).to.deep.equal(['outbox 1', 'unsent 1'])
    })
  })
})
