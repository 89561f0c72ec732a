import { expect } from 'chai'
import { liveConnections } from '#src/diagnostics/live-connections.js'
import type { ConnectionSnapshot, LiveConnection } from '#src/diagnostics/live-connections.js'
import { disposal } from '../support/disposal.js'
import { FACTS, Telemetry } from '../support/telemetry.js'

const SNAPSHOT = {
  ...FACTS,
  status: 'open',
  queuedMessages: 3,
  outboxMessages: 2,
  bufferedAmount: 100,
} as ConnectionSnapshot

describe('The metrics of live connections', () => {
  const use = disposal()
  const added: LiveConnection[] = []

  afterEach(() => {
    for (const connection of added.splice(0)) liveConnections().delete(connection)
  })

  /** Adds a connection, whose snapshot can be changed. */
  function live(changes: Partial<ConnectionSnapshot> = {}) {
    const connection = {
      id: 'TickerClient#1',
      reads: 0,
      current: { ...SNAPSHOT, ...changes },
      snapshot() {
        connection.reads += 1
        return connection.current
      },
    }
    added.push(connection)
    liveConnections().add(connection)
    return connection
  }

  async function read(telemetry: Telemetry): Promise<Record<string, number>> {
    const names = ['queue.length', 'outbox.length', 'buffered', 'connections']
    const points = await Promise.all(names.map((name) => telemetry.points(`holdfast.client.${name}`)))
    return Object.fromEntries(
      points.flat().map(({ name, attributes, value }) => {
        const { 'holdfast.client.name': client, 'holdfast.connection.state': state } = attributes
        return [[name.replace('holdfast.client.', ''), client, state].filter(Boolean).join(' '), value]
      }),
    )
  }

  it('are read when metrics are collected, and never in between', async () => {
    const telemetry = use(new Telemetry())
    const connection = live()
    expect(connection.reads).to.equal(0)
    await telemetry.metrics()
    expect(connection.reads).to.equal(1)
  })

  it('include connections that were open before the instrumentation was created', async () => {
    live()
    expect(await read(use(new Telemetry()))).to.deep.equal({
      'queue.length Ticker': 3,
      'outbox.length Ticker': 2,
      'buffered Ticker': 100,
      'connections Ticker open': 1,
    })
  })

  it('are sums over all connections of a client', async () => {
    live()
    live({ queuedMessages: 1 })
    live({ status: 'waiting' })
    live({ client: 'Book', bufferedAmount: 7 })
    expect(await read(use(new Telemetry()))).to.deep.equal({
      'queue.length Ticker': 7,
      'queue.length Book': 3,
      'outbox.length Ticker': 6,
      'outbox.length Book': 2,
      'buffered Ticker': 300,
      'buffered Book': 7,
      'connections Ticker open': 2,
      'connections Ticker waiting': 1,
      'connections Book open': 1,
    })
  })

  it('return to 0 when a connection changes its state or ends', async () => {
    const telemetry = use(new Telemetry())
    const connection = live()
    await read(telemetry)
    connection.current = { ...SNAPSHOT, status: 'waiting' }
    expect(await read(telemetry)).to.include({
      'connections Ticker open': 0,
      'connections Ticker waiting': 1,
    })
    liveConnections().delete(connection)
    expect(await read(telemetry)).to.deep.equal({
      'queue.length Ticker': 0,
      'outbox.length Ticker': 0,
      'buffered Ticker': 0,
      'connections Ticker open': 0,
      'connections Ticker waiting': 0,
    })
  })

  it('are not read any more after disable()', async () => {
    const telemetry = use(new Telemetry())
    const connection = live()
    telemetry.instrumentation.disable()
    await telemetry.metrics()
    expect(connection.reads).to.equal(0)
  })
})
