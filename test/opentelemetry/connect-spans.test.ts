import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api'
import { expect } from 'chai'
import { disposal } from '../support/disposal.js'
import { FACTS, Telemetry, callHandler, publish } from '../support/telemetry.js'

const REFUSED = { name: 'HandshakeError', code: 'HOLDFAST_HANDSHAKE', message: 'secret' }
const ATTEMPT = { attempt: 1, duration: 500, error: undefined, statusCode: undefined }
const FAILURE = { ...ATTEMPT, error: REFUSED, statusCode: 503 }

describe('The spans of attempts to connect', () => {
  const use = disposal()

  it('are off by default', () => {
    const telemetry = use(new Telemetry())
    publish('holdfast:attempt', ATTEMPT)
    expect(telemetry.spans).to.deep.equal([])
  })

  for (const spans of ['connections', 'messages'] as const) {
    it(`are created with spans: '${spans}'`, () => {
      const telemetry = use(new Telemetry({ spans }))
      publish('holdfast:attempt', ATTEMPT)
      const [span] = telemetry.spans
      expect(span?.name).to.equal('connect Ticker')
      expect(span?.kind).to.equal(SpanKind.CLIENT)
      expect(span?.status.code).to.equal(SpanStatusCode.UNSET)
      expect(span?.attributes).to.deep.equal({
        'holdfast.client.name': 'Ticker',
        'holdfast.attempt': 1,
        'server.address': 'feed.example.com',
        'server.port': 443,
      })
    })
  }

  it('last as long as the attempt', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    publish('holdfast:attempt', ATTEMPT)
    expect(telemetry.spans[0]?.duration).to.deep.equal([0, 500_000_000])
  })

  it('contain the type of the error and the HTTP status, but no message', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    publish('holdfast:attempt', FAILURE)
    const [span] = telemetry.spans
    expect(span?.status).to.deep.equal({ code: SpanStatusCode.ERROR })
    expect(span?.attributes).to.include({
      'error.type': 'HOLDFAST_HANDSHAKE',
      'http.response.status_code': 503,
    })
    expect(span?.events).to.deep.equal([])
  })

  it('do not fail because close() aborted the attempt', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    publish('holdfast:attempt', { ...ATTEMPT, error: { name: 'AbortError', message: 'aborted' } })
    expect(telemetry.spans[0]?.status.code).to.equal(SpanStatusCode.UNSET)
  })

  it('are linked to the attempt before, and start a new trace each', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    for (const attempt of [FAILURE, FAILURE, ATTEMPT]) publish('holdfast:attempt', attempt)
    const [first, second, third] = telemetry.spans
    const linked = [first, second, third].map((span) => span?.links.map((link) => link.context.spanId))
    expect(linked).to.deep.equal([[], [first?.spanContext().spanId], [second?.spanContext().spanId]])
    expect(new Set(telemetry.spans.map((span) => span.spanContext().traceId)).size).to.equal(3)
  })

  it('are not linked to the attempts of other connections', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    publish('holdfast:attempt', ATTEMPT)
    publish('holdfast:attempt', ATTEMPT, { ...FACTS, connection: 'TickerClient#2' })
    expect(telemetry.spans[1]?.links).to.deep.equal([])
  })

  it('are not linked to an attempt of a connection that has ended', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    publish('holdfast:attempt', ATTEMPT)
    publish('holdfast:state', { from: 'closing', to: 'closed' })
    publish('holdfast:attempt', ATTEMPT)
    expect(telemetry.spans[1]?.links).to.deep.equal([])
  })

  it('do not become children of a span that is active by chance', () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    context.setGlobalContextManager(telemetry.contextManager)
    try {
      const span = telemetry.tracerProvider.getTracer('test').startSpan('start the application')
      context.with(trace.setSpan(context.active(), span), () => publish('holdfast:attempt', ATTEMPT))
      expect(telemetry.spans[0]?.parentSpanContext).to.equal(undefined)
    } finally {
      context.disable()
    }
  })

  it('are linked from the messages of the link that they opened, also during a handover', () => {
    const telemetry = use(new Telemetry({ spans: 'messages' }))
    publish('holdfast:attempt', ATTEMPT)
    publish('holdfast:attempt', FAILURE)
    publish('holdfast:attempt', ATTEMPT, { ...FACTS, connectionNumber: 2 })
    callHandler(() => undefined, { connectionNumber: 1 })
    callHandler(() => undefined, { connectionNumber: 2 })
    callHandler(() => undefined, { connectionNumber: 3 })
    const [first, , second, ...messages] = telemetry.spans
    expect(messages.map(({ links }) => links.map((link) => link.context.spanId))).to.deep.equal([
      [first?.spanContext().spanId],
      [second?.spanContext().spanId],
      [],
    ])
  })

  it('are kept for the latest 4 links of a connection only', () => {
    const telemetry = use(new Telemetry({ spans: 'messages' }))
    for (let connectionNumber = 1; connectionNumber <= 10; connectionNumber += 1)
      publish('holdfast:attempt', ATTEMPT, { ...FACTS, connectionNumber })
    for (const connectionNumber of [6, 7]) callHandler(() => undefined, { connectionNumber })
    expect(telemetry.spans.slice(10).map(({ links }) => links.length)).to.deep.equal([0, 1])
  })
})
