import { SpanKind, SpanStatusCode, context, diag, propagation, trace } from '@opentelemetry/api'
import type { TextMapPropagator } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { expect } from 'chai'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { disposal } from '../support/disposal.js'
import { Telemetry, callHandler, publish } from '../support/telemetry.js'
import type { HoldfastInstrumentationConfig } from 'holdfast/opentelemetry'

const SENDER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }

/** A propagator whose header is two IDs. */
const propagator: TextMapPropagator = {
  inject: () => undefined,
  fields: () => ['ids'],
  extract(active, carrier: Readonly<Record<string, string>>) {
    const [traceId = '', spanId = ''] = carrier['ids']?.split(' ') ?? []
    return traceId ? trace.setSpanContext(active, { traceId, spanId, traceFlags: 1, isRemote: true }) : active
  },
}

describe('The spans of messages', () => {
  const use = disposal()

  afterEach(() => {
    context.disable()
    propagation.disable()
    diag.disable()
  })

  /** Starts telemetry with a global context manager, as an SDK does. */
  function start(config: HoldfastInstrumentationConfig = { spans: 'messages' }): Telemetry {
    const telemetry = use(new Telemetry(config))
    context.setGlobalContextManager(telemetry.contextManager)
    propagation.setGlobalPropagator(propagator)
    return telemetry
  }

  function named(telemetry: Telemetry, name: string): ReadableSpan {
    const span = telemetry.spans.find((finished) => finished.name === name)
    if (!span) throw new Error(`no span ${name}`)
    return span
  }

  it("are not created with spans: 'connections'", () => {
    const telemetry = start({ spans: 'connections' })
    callHandler(() => undefined)
    expect(telemetry.spans).to.deep.equal([])
  })

  it('have the name of the handler, and the attributes of messaging', () => {
    const telemetry = start()
    callHandler(() => undefined)
    const span = named(telemetry, 'process TickerClient#tick')
    expect(span.kind).to.equal(SpanKind.CONSUMER)
    expect(span.attributes).to.deep.equal({
      'messaging.system': 'websocket',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'Ticker',
      'holdfast.handler': 'TickerClient#tick',
      'server.address': 'feed.example.com',
      'server.port': 443,
    })
  })

  it('are the parents of spans that the handler starts, also after an await', async () => {
    const telemetry = start()
    const tracer = telemetry.tracerProvider.getTracer('test')
    await callHandler(async () => {
      tracer.startSpan('before').end()
      await nextTurn()
      tracer.startSpan('after').end()
    })
    const { spanId, traceId } = named(telemetry, 'process TickerClient#tick').spanContext()
    for (const name of ['before', 'after']) {
      const span = named(telemetry, name)
      expect(span.parentSpanContext?.spanId, name).to.equal(spanId)
      expect(span.spanContext().traceId, name).to.equal(traceId)
    }
  })

  it('keep parallel calls apart', async () => {
    const telemetry = start()
    const tracer = telemetry.tracerProvider.getTracer('test')
    const calls = ['a', 'b'].map((name) =>
      callHandler(
        async () => {
          await nextTurn()
          tracer.startSpan(`child of ${name}`).end()
        },
        { handler: name },
      ),
    )
    await Promise.all(calls)
    for (const name of ['a', 'b']) {
      const { spanId } = named(telemetry, `process ${name}`).spanContext()
      expect(named(telemetry, `child of ${name}`).parentSpanContext?.spanId).to.equal(spanId)
    }
  })

  it('last until the promise of the handler settles', async () => {
    const telemetry = start()
    const call = callHandler(() => nextTurn())
    expect(telemetry.spans).to.deep.equal([])
    await call
    expect(telemetry.spans).to.have.length(1)
  })

  it('are roots, linked to the attempt that opened the connection, whatever span was active at that time', () => {
    const telemetry = start()
    const outer = telemetry.tracerProvider.getTracer('test').startSpan('start the application')
    context.with(trace.setSpan(context.active(), outer), () => {
      publish('holdfast:attempt', { attempt: 1, duration: 5, error: undefined, statusCode: undefined })
      callHandler(() => undefined)
    })
    const span = named(telemetry, 'process TickerClient#tick')
    expect(span.parentSpanContext).to.equal(undefined)
    expect(span.spanContext().traceId).to.not.equal(outer.spanContext().traceId)
    const opened = named(telemetry, 'connect Ticker').spanContext().spanId
    expect(span.links.map((link) => link.context.spanId)).to.deep.equal([opened])
  })

  it('contain the type of the error that the handler threw or rejected with, but no message', async () => {
    const telemetry = start()
    callHandler(() => {
      throw new RangeError('secret')
    })
    await callHandler(async () => {
      throw new TypeError('secret')
    })
    expect(telemetry.spans.map(({ status }) => status)).to.deep.equal([
      { code: SpanStatusCode.ERROR },
      { code: SpanStatusCode.ERROR },
    ])
    const types = telemetry.spans.map(({ attributes }) => attributes['error.type'])
    expect(types).to.deep.equal(['RangeError', 'TypeError'])
    expect(telemetry.spans.flatMap(({ events }) => events)).to.deep.equal([])
  })

  describe('with propagate', () => {
    const propagate = { extract: (message: unknown) => (message as { trace?: Record<string, string> }).trace }

    it('are children of the span in the message, and still linked to the attempt', () => {
      const telemetry = start({ spans: 'messages', propagate })
      publish('holdfast:attempt', { attempt: 1, duration: 5, error: undefined, statusCode: undefined })
      callHandler(() => undefined, { event: { trace: { ids: `${SENDER.traceId} ${SENDER.spanId}` } } })
      const span = named(telemetry, 'process TickerClient#tick')
      expect(span.parentSpanContext).to.deep.include({ ...SENDER, isRemote: true })
      expect(span.links).to.have.length(1)
    })

    it('are roots if the message has no span, or one that the propagator does not understand', () => {
      const telemetry = start({ spans: 'messages', propagate })
      callHandler(() => undefined, { event: {} })
      callHandler(() => undefined, { event: { trace: { unknown: 'x' } } })
      expect(telemetry.spans.map((span) => span.parentSpanContext)).to.deep.equal([undefined, undefined])
    })

    it('are roots if extract throws, which is reported to the diagnostics of OpenTelemetry', () => {
      const telemetry = start({ spans: 'messages', propagate })
      const errors: string[] = []
      const ignored = (): void => {}
      const error = (message: string): void => void errors.push(message)
      diag.setLogger({ error, warn: ignored, info: ignored, debug: ignored, verbose: ignored })
      let calls = 0
      callHandler(() => (calls += 1), { event: undefined })
      expect(calls).to.equal(1)
      expect(telemetry.spans.map((span) => span.parentSpanContext)).to.deep.equal([undefined])
      expect(errors).to.deep.equal([
        'holdfast/opentelemetry: propagate.extract threw; the message gets a new trace',
      ])
    })
  })
})
