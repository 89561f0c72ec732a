import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import { DataPointType } from '@opentelemetry/sdk-metrics'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { liveConnections } from '#src/diagnostics/live-connections.js'
import type { ConnectionSnapshot } from '#src/diagnostics/live-connections.js'
import type { DropReason } from '#src/diagnostics/payloads.js'
import { disposal } from '../support/disposal.js'
import { readDocument, tableBelow } from '../support/markdown.js'
import { root } from '../support/project.js'
import { FACTS, Telemetry, callHandler, kindOf, pointsOf, publish } from '../support/telemetry.js'

/** Set UPDATE_SNAPSHOTS=1 to write the file instead of comparing with it. */
const SNAPSHOT = new URL('test/data/opentelemetry.json', root)

const REFUSED = { name: 'HandshakeError', code: 'HOLDFAST_HANDSHAKE', message: 'secret' }
const REASONS: readonly DropReason[] = [
  'unhandled',
  'conflated',
  'decode',
  'validation',
  'discarded',
  'outbox',
  'unsent',
]

/** Publishes each kind of event once, with and without an error. */
function publishEverything(): void {
  publish('holdfast:attempt', { attempt: 1, duration: 500, error: REFUSED, statusCode: 503 })
  publish('holdfast:delay', { attempt: 2, delay: 1_000, error: REFUSED })
  publish('holdfast:attempt', { attempt: 2, duration: 250, error: undefined, statusCode: undefined })
  for (const direction of ['receive', 'transmit'] as const)
    publish('holdfast:frame', { type: 'text', direction, bytes: 10, preview: 'secret' })
  callHandler(() => undefined)
  callHandler(() => {
    throw new TypeError('secret')
  })
  publish('holdfast:request', { duration: 250, error: undefined })
  publish('holdfast:request', { duration: 250, error: { ...REFUSED, code: 'HOLDFAST_REPLY' } })
  for (const reason of REASONS) publish('holdfast:drop', { reason, count: 1 })
  publish('holdfast:round-trip', { duration: 20 })
  const close = { sentCode: undefined, duration: 60_000, error: undefined } as const
  publish('holdfast:close', { ...close, code: 1006, initiator: 'network', willReconnect: true })
  publish('holdfast:close', { ...close, code: 1000, initiator: 'local', willReconnect: false })
}

function describeMetric(metric: MetricData) {
  const { name, description, unit } = metric.descriptor
  const boundaries =
    metric.dataPointType === DataPointType.HISTOGRAM
      ? metric.dataPoints[0]?.value.buckets.boundaries
      : undefined
  const attributes = pointsOf(metric).map((point) => point.attributes)
  return { name, kind: kindOf(metric), unit, description, boundaries, attributes }
}

describe('The instruments', () => {
  const use = disposal()

  /** Records every kind of event, and describes all metrics. */
  async function describeAll() {
    const telemetry = use(new Telemetry())
    const snapshot = { ...FACTS, queuedMessages: 1, outboxMessages: 2, bufferedAmount: 3 }
    const connections = ['open', 'waiting'].map((status) => ({
      id: FACTS.connection,
      snapshot: () => ({ ...snapshot, status }) as ConnectionSnapshot,
    }))
    for (const connection of connections) liveConnections().add(connection)
    publishEverything()
    const metrics = await telemetry.metrics()
    for (const connection of connections) liveConnections().delete(connection)
    return metrics.map(describeMetric)
  }

  it('have the names, kinds, units, boundaries, and attributes in test/data/opentelemetry.json', async () => {
    const text = `${JSON.stringify(await describeAll(), undefined, 2)}\n`
    if (process.env['UPDATE_SNAPSHOTS']) writeFileSync(SNAPSHOT, text)
    expect(JSON.parse(text)).to.deep.equal(JSON.parse(readFileSync(SNAPSHOT, 'utf8')))
  })

  it('are listed in docs/telemetry.md, with their kinds, units, and attributes', async () => {
    const rows = tableBelow(readDocument('docs/telemetry.md'), '<!-- instruments -->')
    const listed = rows.map((row) => ({
      name: row['metric']?.replaceAll('`', ''),
      kind: row['kind'],
      unit: row['unit']?.replaceAll('`', ''),
      attributes: [...(row['attributes'] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name).toSorted(),
    }))
    const existing = (await describeAll()).map(({ name, kind, unit, attributes }) => ({
      name,
      kind,
      unit,
      attributes: [...new Set(attributes.flatMap((set) => Object.keys(set)))].toSorted(),
    }))
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      (a.name ?? '').localeCompare(b.name ?? '')
    expect(listed.toSorted(byName)).to.deep.equal(existing.toSorted(byName))
  })

  it('have as many series after 10,000 messages with random contents as after a few', async () => {
    const telemetry = use(new Telemetry({ spans: 'messages' }))
    const secrets = () => `secret-${Math.random().toString(36).slice(2)}`
    for (let index = 0; index < 10_000; index += 1) {
      const [key, value, message] = [secrets(), secrets(), secrets()]
      const event = { [key]: value, url: `wss://feed.example.com/${value}?token=${value}` }
      const failed = { name: 'Error', code: message, message }
      publish('holdfast:frame', { type: 'text', direction: 'receive', bytes: index, preview: value })
      publish('holdfast:error', {
        error: failed,
        stage: 'handle',
        handler: undefined,
        fatal: false,
        count: 1,
      })
      publish('holdfast:request', { duration: index, error: failed })
      publish('holdfast:attempt', { attempt: index, duration: 1, error: failed, statusCode: undefined })
      callHandler(
        () => {
          if (index % 2 === 0) throw Object.assign(new Error(message), { code: message })
        },
        { event },
      )
    }
    const series = (await telemetry.metrics()).flatMap(pointsOf)
    expect(series.length).to.be.at.most(10)
    const recorded = JSON.stringify([
      series.map(({ attributes }) => attributes),
      telemetry.spans.map(({ name, attributes, status, events }) => [name, attributes, status, events]),
    ])
    expect(recorded).to.not.include('secret')
    expect(recorded).to.not.include('wss:')
  })
})
