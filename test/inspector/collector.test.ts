import { channel } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import type { LiveConnection } from '#src/diagnostics/live-connections.js'
import { Collector, MOST_CONNECTIONS, MOST_ENDED } from '#src/inspector/collector.js'
import type { Changes } from '#src/inspector/collector.js'
import type { Details } from '#src/inspector/connection-record.js'
import { FakeLiveConnection, REFUSED } from '../support/live-connection.js'

const CHANNELS = [
  ...['state', 'attempt', 'delay', 'close', 'frame', 'request', 'queue', 'drop', 'error', 'message'].map(
    (name) => `holdfast:${name}`,
  ),
  ...['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((name) => `tracing:holdfast:handler:${name}`),
]

const heardChannels = (): string[] => CHANNELS.filter((name) => channel(name).hasSubscribers)

describe('Collector', () => {
  let clock: FakeClock
  let live: Set<LiveConnection>
  let collector: Collector

  beforeEach(() => {
    clock = new FakeClock()
    live = new Set()
    collector = new Collector(clock, live)
  })

  afterEach(() => collector.stop())

  function add(
    id: string,
    values: ConstructorParameters<typeof FakeLiveConnection>[1] = {},
  ): FakeLiveConnection {
    return new FakeLiveConnection(id, { since: clock.date(), ...values }, live)
  }

  function details(name = 'prices#1'): Details {
    const found = collector.detailsOf(name)
    if (!found) throw new Error(`${name} is not recorded`)
    return found
  }

  async function second(): Promise<Changes> {
    await clock.advance(1_000)
    return collector.takeChanges()
  }

  it('subscribes to nothing and takes no snapshots before it starts and after it stops', () => {
    const connection = add('prices#1')
    expect(heardChannels()).to.deep.equal([])
    collector.start()
    expect(heardChannels()).to.not.be.empty
    // A frame has a preview and a message is decoded for subscribers: the inspector needs only the former's size.
    expect(heardChannels()).not.to.contain('holdfast:message')
    const { snapshots } = connection
    collector.stop()
    connection.receive()
    expect(heardChannels()).to.deep.equal([])
    expect(connection.snapshots).to.equal(snapshots)
    expect(collector.overview.rows).to.deep.equal([])
  })

  it('does not read previews of messages, which are computed when they are read', () => {
    const connection = add('prices#1')
    collector.start()
    const frame = { direction: 'receive', type: 'text', bytes: 1 } as const
    const reads: string[] = []
    const preview = { get: () => reads.push('preview') }
    connection.publish('holdfast:frame', Object.defineProperty({ ...frame, preview: '' }, 'preview', preview))
    expect(details().totals.received).to.equal(1)
    expect(reads).to.deep.equal([])
  })

  describe('the table', () => {
    it('shows the connections that are live at the start', () => {
      add('prices#1', {
        latency: 12.345,
        queuedMessages: 3,
        outboxMessages: 2,
        bufferedAmount: 90,
        pendingRequests: 1,
      })
      collector.start()
      const [row] = collector.overview.rows
      expect(row).to.include({
        connection: 'prices#1',
        client: 'prices',
        class: 'FeedClient',
        status: 'open',
      })
      expect(row).to.include({ latency: 12.3, queued: 3, outbox: 2, buffered: 90, pending: 1, problem: null })
    })

    it('adds a connection with all its values, and then reports only what has changed', async () => {
      collector.start()
      const connection = add('prices#1')
      const [added] = (await second()).rows
      expect(added).to.include({ connection: 'prices#1', status: 'open', queued: 0, problem: null })
      expect((await second()).rows).to.deep.equal([])
      connection.set({ queuedMessages: 7 })
      expect((await second()).rows).to.deep.equal([{ connection: 'prices#1', queued: 7 }])
    })

    it('does not report times that only drift', async () => {
      const since = clock.date()
      const nextAttempt = { at: since + 60_000, attempt: 4, error: REFUSED }
      const connection = add('prices#1', { status: 'waiting', since, nextAttempt })
      collector.start()
      connection.set({ since: since - 0.4, nextAttempt: { ...nextAttempt, at: nextAttempt.at + 0.7 } })
      expect((await second()).rows).to.deep.equal([])
      connection.set({ since: since + 900.4 })
      expect((await second()).rows).to.deep.equal([{ connection: 'prices#1', since: since + 900 }])
    })

    it('counts the messages of each second in both directions, without control frames', async () => {
      const connection = add('prices#1')
      collector.start()
      connection.receive(5)
      connection.send()
      connection.publish('holdfast:frame', { direction: 'receive', type: 'pong', bytes: 4, preview: '' })
      connection.publish('holdfast:frame', { direction: 'transmit', type: 'close', bytes: 2, preview: '' })
      expect((await second()).rows).to.deep.equal([{ connection: 'prices#1', received: 5, sent: 1 }])
      expect((await second()).rows).to.deep.equal([{ connection: 'prices#1', received: 0, sent: 0 }])
      expect(details().totals).to.include({ received: 5, receivedBytes: 504, sent: 1, sentBytes: 42 })
    })

    it('reports why a connection waits, and when the next attempt starts', async () => {
      const connection = add('prices#1')
      collector.start()
      connection.wait(REFUSED, 4, 12_000, clock.date())
      const at = clock.date() + 12_000
      const [row] = (await second()).rows
      expect(row?.problem).to.deep.equal({
        level: 'bad',
        text: 'is waiting to reconnect: connect ECONNREFUSED 127.0.0.1:9',
        attempt: 4,
        at,
      })
    })

    it('keeps a connection that has ended, with its reason', async () => {
      const connection = add('prices#1')
      collector.start()
      connection.publish('holdfast:close', {
        code: 4_003,
        sentCode: undefined,
        initiator: 'remote',
        willReconnect: false,
        duration: 1,
        error: undefined,
      })
      connection.end()
      const [row] = (await second()).rows
      expect(row).to.include({ connection: 'prices#1', status: 'closed' })
      expect(row?.problem).to.deep.equal({
        level: 'bad',
        text: 'has ended: closed by the server with code 4003',
      })
    })

    it('does not call a connection that was closed on purpose a problem', async () => {
      const connection = add('prices#1')
      collector.start()
      const close = { code: 1_000, sentCode: 1_000, initiator: 'local', willReconnect: false } as const
      connection.publish('holdfast:close', { ...close, duration: 1, error: undefined })
      connection.end()
      expect((await second()).rows[0]).to.include({ status: 'closed' })
      expect(collector.overview.rows[0]?.problem).to.equal(null)
    })

    it('shows a connection that ended within a second, because of its events', async () => {
      collector.start()
      const connection = add('prices#1')
      connection.reportError('HTTP 401')
      connection.end()
      expect((await second()).rows[0]).to.include({ connection: 'prices#1', status: 'closed', errors: 1 })
    })
  })

  describe('the details', () => {
    it('plot every second', async () => {
      const connection = add('prices#1')
      collector.start()
      connection.receive(3)
      connection.set({ latency: 9, queuedMessages: 4, outboxMessages: 5, bufferedAmount: 6 })
      await second()
      expect(details().plots).to.deep.equal({
        status: [2, 2],
        received: [0, 3],
        sent: [0, 0],
        latency: [null, 9],
        queued: [0, 4],
        outbox: [0, 5],
        buffered: [0, 6],
      })
    })

    it('contain only the last second and the changed entries, after the first time', async () => {
      const connection = add('prices#1')
      collector.start()
      connection.reportError('first')
      collector.takeDetails(new Set(['prices#1']))
      connection.reportError('second')
      await second()
      const changed = collector.takeDetails(new Set(['prices#1'])).get('prices#1')
      expect(changed?.plots.received).to.deep.equal([0])
      expect(changed?.errors.map(({ text }) => text)).to.deep.equal(['message: second'])
      expect(details().errors).to.have.length(2)
    })

    it('list the changes of a connection in words', () => {
      const connection = add('prices#1')
      collector.start()
      const close = { code: 1_006, sentCode: undefined, willReconnect: true } as const
      connection.publish('holdfast:close', {
        ...close,
        initiator: 'network',
        duration: 734_000,
        error: undefined,
      })
      connection.wait(REFUSED, 2, 1_500)
      connection.publish('holdfast:attempt', {
        attempt: 2,
        duration: 41,
        error: undefined,
        statusCode: undefined,
      })
      connection.publish('holdfast:queue', { isPaused: true, messages: 1_024 })
      connection.publish('holdfast:queue', { isPaused: false, messages: 12 })
      const error = { name: 'ConnectionLostError', message: 'no pong' }
      connection.publish('holdfast:close', { ...close, initiator: 'local', duration: 7_200_000, error })
      expect(details().timeline.map(({ level, text }) => `${level} ${text}`)).to.deep.equal([
        'bad connection lost without a close frame, after 12 min',
        'bad attempt 1 failed after 3 ms: connect ECONNREFUSED 127.0.0.1:9',
        'info waits 1.5 s before attempt 2',
        'info open → waiting',
        'info attempt 2 succeeded after 41 ms',
        'warn socket paused: 1024 messages wait for handlers',
        'info socket resumed',
        'bad no pong, after 2.0 h',
      ])
    })

    it('list errors, failed requests and dropped messages', () => {
      const connection = add('prices#1')
      collector.start()
      const error = { name: 'Error', message: 'no JSON' }
      connection.publish('holdfast:error', {
        error,
        stage: 'decode',
        handler: undefined,
        fatal: false,
        count: 1,
      })
      connection.publish('holdfast:error', {
        error,
        stage: 'handler',
        handler: 'Feed#tick',
        fatal: false,
        count: 2,
      })
      connection.publish('holdfast:request', { duration: 3, error: { name: 'Error', message: 'timed out' } })
      connection.publish('holdfast:request', { duration: 3, error: undefined })
      connection.publish('holdfast:drop', { reason: 'outbox', count: 3 })
      connection.publish('holdfast:drop', { reason: 'outbox', count: 4 })
      expect(details().errors.map(({ text, times }) => `${times} ${text}`)).to.deep.equal([
        '1 decode: no JSON',
        '2 handler, Feed#tick: no JSON',
        '1 request failed: timed out',
        '7 message dropped (outbox)',
      ])
      expect(details().totals).to.include({ dropped: 7, requests: 2, failedRequests: 1 })
    })

    it('list the handlers with their calls', async () => {
      const connection = add('prices#1', { handlers: [{ name: 'Feed#tick', event: '@OnMessage()' }] })
      collector.start()
      const call = connection.publish('tracing:holdfast:handler:start', {
        handler: 'Feed#tick',
        kind: 'message',
        event: undefined,
      })
      await clock.advance(20)
      for (const name of ['error', 'end', 'asyncEnd'])
        channel(`tracing:holdfast:handler:${name}`).publish(call)
      expect(details().handlers).to.deep.equal([
        { name: 'Feed#tick', event: '@OnMessage()', calls: 1, errors: 1, average: 20, longest: 20 },
      ])
    })
  })

  describe('memory', () => {
    it('is bounded for each connection', async () => {
      const connection = add('prices#1')
      collector.start()
      for (let index = 0; index < 300; index += 1) {
        connection.reportError(`error ${index}`)
        connection.setStatus(`status ${index}`)
        const call = { handler: `Feed#${index}`, kind: 'message', event: undefined } as const
        connection.publish('tracing:holdfast:handler:start', call)
        await second()
      }
      const { timeline, errors, handlers, plots } = details()
      expect([timeline, errors, handlers].map(({ length }) => length)).to.deep.equal([40, 40, 100])
      expect(plots.received).to.have.length(180)
    })

    it('is bounded for all connections: others are only counted, and cost no snapshot', async () => {
      const all = Array.from({ length: MOST_CONNECTIONS + 5 }, (_, index) => add(`prices#${index}`))
      collector.start()
      all.at(-1)?.reportError('unseen')
      const { hidden } = await second()
      expect(collector.overview.rows).to.have.length(MOST_CONNECTIONS)
      expect(hidden).to.equal(5)
      expect(all.at(-1)?.snapshots).to.equal(0)
    })

    it('keeps only the latest connections that have ended', async () => {
      collector.start()
      for (let index = 0; index < MOST_ENDED + 1; index += 1) {
        const connection = add(`prices#${index}`)
        await second()
        connection.end()
      }
      expect((await second()).removed).to.deep.equal(['prices#0'])
      expect(collector.overview.rows).to.have.length(MOST_ENDED)
    })
  })
})
