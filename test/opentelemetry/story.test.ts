import { SpanStatusCode, context, trace } from '@opentelemetry/api'
import { expect } from 'chai'
import { bootstrap, OnMessage, WebSocketClient } from 'holdfast'
import { jsonRpc } from 'holdfast/requests'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { rejection } from '../support/rejection.js'
import { Telemetry } from '../support/telemetry.js'

@WebSocketClient({ name: 'feed', route: 'method', inject: [] })
class FeedClient {
  /** Called after an await. */
  afterAwait = (): void => {}

  @OnMessage('tick')
  async tick(): Promise<void> {
    await Promise.resolve()
    this.afterAwait()
  }

  @OnMessage('crash')
  crash(): void {
    throw new RangeError('secret')
  }
}

describe('A connection from its first attempt to its end', () => {
  const use = disposal()

  afterEach(() => context.disable())

  /** Lives through a whole connection: it is refused, opens, exchanges messages, is lost, reconnects, and closes. */
  async function live(telemetry: Telemetry) {
    context.setGlobalContextManager(telemetry.contextManager)
    const server = new MemoryServer()
    const clock = new FakeClock()
    server.onAttempt = (peer) => (server.peers.length === 1 ? peer.refuse() : peer.accept())
    const starting = bootstrap(FeedClient, 'wss://user:secret@feed.example.com:8443/secret?token=secret', {
      headers: { authorization: 'secret' },
      transport: server.connect,
      clock,
      requests: jsonRpc(),
      reconnect: { delays: [1_000], initialDelay: 0 },
      logger: false,
    })
    await clock.advance(1_000)
    const client = await starting
    const { instance, connection } = client
    instance.afterAwait = () => telemetry.tracerProvider.getTracer('test').startSpan('nested').end()
    server.peer.send({ method: 'tick', params: 'secret' })
    server.peer.send({ method: 'crash' })
    server.peer.send({ method: 'secret' })
    const reply = connection.request({ method: 'sum' })
    await clock.settle()
    const [sent] = server.peer.received
    server.peer.send({ jsonrpc: '2.0', id: (JSON.parse(sent as string) as { id: number }).id, result: 3 })
    expect(await reply).to.equal(3)
    await clock.settle()
    const whileOpen = await telemetry.points('holdfast.client.connections')
    server.peer.drop()
    await clock.advance(1_000)
    server.peer.send({ method: 'tick' })
    await clock.settle()
    await client.close()
    return { whileOpen, sentBytes: (sent as string).length }
  }

  it('is recorded in the metrics', async () => {
    const telemetry = use(new Telemetry())
    const { whileOpen, sentBytes } = await live(telemetry)
    const counts = async (name: string, ...attributes: string[]) =>
      Object.fromEntries(
        (await telemetry.points(name)).map((point) => [
          attributes.map((attribute) => point.attributes[attribute] ?? '-').join(' '),
          point.count ?? point.value,
        ]),
      )

    expect(await counts('holdfast.client.connect.duration', 'error.type')).to.deep.equal({
      HOLDFAST_CONNECT_FAILED: 1,
      '-': 2,
    })
    expect(await counts('holdfast.client.reconnect.delay', 'holdfast.client.name')).to.deep.equal({ feed: 2 })
    expect(
      await counts('holdfast.client.connection.duration', 'holdfast.close.code', 'holdfast.will_reconnect'),
    ).to.deep.equal({ '1006 true': 1, '1000 false': 1 })
    expect(await counts('messaging.process.duration', 'holdfast.handler', 'error.type')).to.deep.equal({
      'FeedClient#tick -': 2,
      'FeedClient#crash RangeError': 1,
    })
    expect(await counts('messaging.client.consumed.messages', 'server.address', 'server.port')).to.deep.equal(
      {
        'feed.example.com 8443': 5,
      },
    )
    expect(await counts('messaging.client.sent.messages', 'messaging.destination.name')).to.deep.equal({
      feed: 1,
    })
    expect(await counts('messaging.client.operation.duration', 'error.type')).to.deep.equal({ '-': 1 })
    expect(await counts('holdfast.client.messages.dropped', 'holdfast.drop.reason')).to.deep.equal({
      unhandled: 1,
    })
    expect(await counts('holdfast.client.io', 'network.io.direction'))
      .to.have.property('transmit')
      .at.least(sentBytes)
    expect(
      whileOpen.map(({ attributes, value }) => [attributes['holdfast.connection.state'], value]),
    ).to.deep.equal([['open', 1]])
    expect(await counts('holdfast.client.connections', 'holdfast.connection.state')).to.deep.equal({
      open: 0,
    })
  })

  it('is recorded as linked spans', async () => {
    const telemetry = use(new Telemetry({ spans: 'messages' }))
    await live(telemetry)
    const names = telemetry.spans.map(({ name }) => name)
    expect(names).to.deep.equal([
      'connect feed',
      'connect feed',
      'nested',
      'process FeedClient#tick',
      'process FeedClient#crash',
      'connect feed',
      'nested',
      'process FeedClient#tick',
    ])
    const [refused, first, , tick, crash, second, , again] = telemetry.spans.map((span) => ({
      id: span.spanContext().spanId,
      links: span.links.map((link) => link.context.spanId),
    }))
    expect([refused, first, second].map((span) => span?.links)).to.deep.equal([
      [],
      [refused?.id],
      [first?.id],
    ])
    expect([crash, tick, again].map((span) => span?.links)).to.deep.equal([
      [first?.id],
      [first?.id],
      [second?.id],
    ])
    const nested = telemetry.spans.find(({ name }) => name === 'nested')
    expect(nested?.parentSpanContext?.spanId).to.equal(tick?.id)
    expect(trace.getSpan(context.active())).to.equal(undefined)
  })

  it('has no error if it is aborted while it connects', async () => {
    const telemetry = use(new Telemetry({ spans: 'connections' }))
    const server = new MemoryServer()
    const controller = new AbortController()
    server.onAttempt = () => controller.abort()
    const options = { transport: server.connect, signal: controller.signal, logger: false } as const
    await rejection(bootstrap(FeedClient, 'wss://feed.example.com', options))
    const points = await telemetry.points('holdfast.client.connect.duration')
    expect(points.map(({ attributes, count }) => [attributes, count])).to.deep.equal([
      [{ 'holdfast.client.name': 'feed' }, 1],
    ])
    expect(telemetry.spans.map(({ name, status }) => [name, status.code])).to.deep.equal([
      ['connect feed', SpanStatusCode.UNSET],
    ])
  })

  it('has no error in a request that was aborted', async () => {
    const telemetry = use(new Telemetry())
    const server = new MemoryServer()
    const options = { transport: server.connect, requests: jsonRpc(), logger: false } as const
    const client = await bootstrap(FeedClient, 'wss://feed.example.com', options)
    const controller = new AbortController()
    const reply = client.connection.request({ method: 'sum' }, { signal: controller.signal })
    controller.abort()
    await rejection(reply)
    await client.close()
    const points = await telemetry.points('messaging.client.operation.duration')
    expect(points.map(({ attributes, count }) => [attributes['error.type'], count])).to.deep.equal([
      [undefined, 1],
    ])
  })

  it('leaves no secret in any attribute, name, or status', async () => {
    const telemetry = use(new Telemetry({ spans: 'messages' }))
    await live(telemetry)
    const metrics = (await telemetry.metrics()).flatMap(({ dataPoints }) =>
      (dataPoints as readonly { attributes: object }[]).map(({ attributes }) => attributes),
    )
    const spans = telemetry.spans.map(({ name, attributes, status, events }) => [
      name,
      attributes,
      status,
      events,
    ])
    expect(spans).to.not.be.empty
    expect(metrics).to.not.be.empty
    expect(JSON.stringify([metrics, spans])).to.not.include('secret')
  })
})
