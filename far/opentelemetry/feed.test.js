import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer, get } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { bootstrap } from 'holdfast'
import { HoldfastInstrumentation } from 'holdfast/opentelemetry'
import { startTestServer } from 'holdfast/testing'
import { FeedClient } from './feed-client.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

const exporter = new PrometheusExporter({ preventServerStart: true })
const spans = new InMemorySpanExporter()
const sdk = new NodeSDK({
  metricReaders: [exporter],
  spanProcessors: [new SimpleSpanProcessor(spans)],
  instrumentations: [
    new HoldfastInstrumentation({ spans: 'messages', propagate: { extract: ({ meta }) => meta } }),
  ],
})
const scrapes = createServer((request, response) => exporter.getMetricsRequestHandler(request, response))

before(async () => {
  sdk.start()
  scrapes.listen(0, '127.0.0.1')
  await once(scrapes, 'listening')
})

after(async () => {
  scrapes.close()
  await sdk.shutdown()
})

async function scrape() {
  const [response] = await once(get({ port: scrapes.address().port, agent: false }), 'response')
  return text(response)
}

/** Returns the value of the series that contains all these parts. */
async function valueOf(...parts) {
  const line = (await scrape()).split('\n').find((found) => parts.every((part) => found.includes(part)))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

async function until(description, isTrue) {
  const deadline = performance.now() + 10_000
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadline, `timed out: ${description}`)
    await wait(5)
  }
}

test('NodeSDK records the metrics and the spans of a client on a real socket', async (t) => {
  const server = await startTestServer()
  t.after(() => server.close())
  const client = await bootstrap(FeedClient, server.url)
  t.after(() => client.close())
  const { instance, connection } = client
  const { socket: peer } = await server.connection(1)
  instance.onOrder = () => trace.getTracer('test').startSpan('after an await').end()
  peer.send(JSON.stringify({ type: 'ticker', price: 1 }))
  peer.send(JSON.stringify({ type: 'order', number: 7, meta: { traceparent: `00-${TRACE}-${SPAN}-01` } }))
  peer.send(JSON.stringify({ type: 'order' }))
  await until('all messages are handled', () => instance.orders.length === 2)
  await connection.send('one')

  assert.equal(await valueOf('messaging_process_duration_count', '"FeedClient#tick"'), 1)
  assert.equal(await valueOf('messaging_process_duration_count', '"FeedClient#order"', '"RangeError"'), 1)
  assert.equal(await valueOf('holdfast_client_connections{', 'state="open"'), 1)
  assert.equal(await valueOf('messaging_client_consumed_messages_total{'), 3)
  assert.equal(await valueOf('messaging_client_sent_messages_total{'), 1)
  assert.equal(await valueOf('holdfast_client_connect_duration_count{'), 1)

  const [process] = spans
    .getFinishedSpans()
    .filter((span) => span.spanContext().traceId === TRACE && span.name === 'process FeedClient#order')
  assert.equal(process.parentSpanContext.spanId, SPAN)
  const nested = spans.getFinishedSpans().find((span) => span.name === 'after an await')
  assert.equal(nested.parentSpanContext.spanId, process.spanContext().spanId)
  const connect = spans.getFinishedSpans().find((span) => span.name === 'connect FeedClient')
  assert.equal(process.links[0].context.spanId, connect.spanContext().spanId)

  await client.close()
  assert.equal(await valueOf('holdfast_client_connections{', 'state="open"'), 0)
  assert.equal(await valueOf('holdfast_client_connection_duration_count{', 'code="1000"'), 1)
})

test('registerInstrumentations enables it, and returns a function that disables it', () => {
  const instrumentation = new HoldfastInstrumentation({ enabled: false })
  const calls = []
  for (const name of ['enable', 'disable']) {
    const original = instrumentation[name].bind(instrumentation)
    instrumentation[name] = () => (calls.push(name), original())
  }
  const unregister = registerInstrumentations({ instrumentations: [instrumentation] })
  unregister()
  assert.deepEqual(calls, ['enable', 'disable'])
})

test('the entry imports no package except @opentelemetry/api', () => {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('holdfast/package.json')),
    'dist',
    'opentelemetry',
  )
  const imported = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/ from '([^.#][^']*)'/g)])
    .map(([, name]) => name)
  assert.deepEqual([...new Set(imported)], ['@opentelemetry/api'])
})
