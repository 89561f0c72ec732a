import { expect } from 'chai'
import { deferred } from '#src/core/deferred.js'
import { disposal } from '../support/disposal.js'
import { FACTS, Telemetry, callHandler, publish } from '../support/telemetry.js'

const SERVER = { 'server.address': 'feed.example.com', 'server.port': 443 }
const TICKER = { 'messaging.system': 'websocket', 'messaging.destination.name': 'Ticker', ...SERVER }

function operation(name: string) {
  return { 'messaging.operation.name': name, 'messaging.operation.type': name }
}

describe('The metrics of messages', () => {
  const use = disposal()

  describe('messaging.process.duration', () => {
    const name = 'messaging.process.duration'
    const attributes = { ...TICKER, ...operation('process'), 'holdfast.handler': 'TickerClient#tick' }

    it('records each call to the handler of a message, in seconds', async () => {
      const telemetry = use(new Telemetry())
      callHandler(() => undefined)
      callHandler(() => undefined, { kind: 'binary' })
      const [point, ...others] = await telemetry.points(name)
      expect(others).to.deep.equal([])
      expect(point).to.deep.include({ attributes, count: 2 })
      expect(point?.value).to.be.within(0, 1)
    })

    it('records only the handlers of messages', async () => {
      const telemetry = use(new Telemetry())
      for (const kind of ['open', 'close', 'error', 'stateChange', 'ping', 'pong', 'closing'] as const)
        callHandler(() => undefined, { kind })
      expect(await telemetry.points(name)).to.deep.equal([])
    })

    it('includes the time until the promise of the handler settles', async () => {
      const telemetry = use(new Telemetry())
      const { promise, resolve } = deferred()
      const call = callHandler(() => promise)
      expect(await telemetry.points(name)).to.deep.equal([])
      resolve(undefined)
      await call
      expect(await telemetry.points(name)).to.have.length(1)
    })

    it('has the type of the error that the handler threw or rejected with', async () => {
      const telemetry = use(new Telemetry())
      callHandler(() => {
        throw new RangeError('secret')
      })
      await callHandler(async () => {
        throw new TypeError('secret')
      })
      const types = (await telemetry.points(name)).map((point) => point.attributes['error.type'])
      expect(types).to.deep.equal(['RangeError', 'TypeError'])
    })

    it('returns the result of the handler', () => {
      use(new Telemetry())
      expect(callHandler(() => 'reply')).to.equal('reply')
    })

    it('omits the address of the server until it is known', async () => {
      const telemetry = use(new Telemetry())
      callHandler(() => undefined, { serverAddress: undefined, serverPort: undefined })
      const [point] = await telemetry.points(name)
      expect(point?.attributes).to.not.have.any.keys('server.address', 'server.port')
    })
  })

  describe('messaging.client.consumed.messages and messaging.client.sent.messages', () => {
    it('count messages, but no other frames', async () => {
      const telemetry = use(new Telemetry())
      for (const type of ['text', 'binary', 'ping', 'pong', 'close'] as const)
        for (const direction of ['receive', 'receive', 'transmit'] as const)
          publish('holdfast:frame', { type, direction, bytes: 10, preview: 'secret' })
      const consumed = await telemetry.points('messaging.client.consumed.messages')
      const sent = await telemetry.points('messaging.client.sent.messages')
      expect(consumed.map(({ attributes, value }) => ({ attributes, value }))).to.deep.equal([
        { attributes: { ...TICKER, ...operation('receive') }, value: 4 },
      ])
      expect(sent.map(({ attributes, value }) => ({ attributes, value }))).to.deep.equal([
        { attributes: { ...TICKER, ...operation('send') }, value: 2 },
      ])
    })

    it('count messages that failed to be sent with their error', async () => {
      const telemetry = use(new Telemetry())
      publish('holdfast:drop', { reason: 'outbox', count: 2 })
      publish('holdfast:drop', { reason: 'unsent', count: 3 })
      publish('holdfast:drop', { reason: 'unhandled', count: 7 })
      const sent = await telemetry.points('messaging.client.sent.messages')
      const attributes = { ...TICKER, ...operation('send'), 'error.type': 'HOLDFAST_MESSAGE_DROPPED' }
      expect(sent).to.have.length(1)
      expect(sent[0]).to.deep.include({ attributes, value: 5 })
    })
  })

  describe('messaging.client.operation.duration', () => {
    it('records each request, with the type of its error unless it was aborted', async () => {
      const telemetry = use(new Telemetry())
      const aborted = { name: 'AbortError', message: 'This operation was aborted' }
      publish('holdfast:request', { duration: 250, error: undefined })
      publish('holdfast:request', { duration: 500, error: aborted })
      publish('holdfast:request', { duration: 1_000, error: new TypeError('secret') })
      const attributes = { ...TICKER, 'messaging.operation.name': 'request' }
      expect(await telemetry.points('messaging.client.operation.duration')).to.deep.equal([
        { name: 'messaging.client.operation.duration', attributes, value: 0.75, count: 2 },
        {
          name: 'messaging.client.operation.duration',
          attributes: { ...attributes, 'error.type': 'TypeError' },
          value: 1,
          count: 1,
        },
      ])
    })
  })

  it('have one series per client', async () => {
    const telemetry = use(new Telemetry())
    const frame = { type: 'text', direction: 'receive', bytes: 1, preview: '' } as const
    publish('holdfast:frame', frame)
    publish('holdfast:frame', frame, { ...FACTS, client: 'Book' })
    expect(await telemetry.points('messaging.client.consumed.messages')).to.have.length(2)
  })
})
