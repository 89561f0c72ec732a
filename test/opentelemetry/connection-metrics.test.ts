import { expect } from 'chai'
import { disposal } from '../support/disposal.js'
import { Telemetry, publish } from '../support/telemetry.js'

const CLIENT = { 'holdfast.client.name': 'Ticker' }
const REFUSED = Object.assign(new Error('secret'), { name: 'HandshakeError', code: 'HOLDFAST_HANDSHAKE' })

describe('The metrics of connections', () => {
  const use = disposal()

  it('record each attempt, with its error and the HTTP status', async () => {
    const telemetry = use(new Telemetry())
    const name = 'holdfast.client.connect.duration'
    publish('holdfast:attempt', { attempt: 1, duration: 500, error: REFUSED, statusCode: 503 })
    publish('holdfast:attempt', { attempt: 2, duration: 250, error: undefined, statusCode: undefined })
    const failed = { 'error.type': 'HOLDFAST_HANDSHAKE', 'http.response.status_code': 503 }
    expect(await telemetry.points(name)).to.deep.equal([
      { name, attributes: { ...CLIENT, ...failed }, value: 0.5, count: 1 },
      { name, attributes: CLIENT, value: 0.25, count: 1 },
    ])
  })

  it('record how long each link was open, and how it ended', async () => {
    const telemetry = use(new Telemetry())
    const name = 'holdfast.client.connection.duration'
    publish('holdfast:close', {
      code: 1006,
      sentCode: undefined,
      initiator: 'network',
      willReconnect: true,
      duration: 60_000,
      error: REFUSED,
    })
    const attributes = {
      ...CLIENT,
      'holdfast.close.code': 1006,
      'holdfast.close.initiator': 'network',
      'holdfast.will_reconnect': true,
    }
    expect(await telemetry.points(name)).to.deep.equal([{ name, attributes, value: 60, count: 1 }])
  })

  it('record the delays before attempts and the round trips of the heartbeat', async () => {
    const telemetry = use(new Telemetry())
    publish('holdfast:delay', { attempt: 2, delay: 1_500, error: REFUSED })
    publish('holdfast:round-trip', { duration: 20 })
    const [delay] = await telemetry.points('holdfast.client.reconnect.delay')
    const [roundTrip] = await telemetry.points('holdfast.client.round_trip.duration')
    expect(delay).to.deep.include({ attributes: CLIENT, value: 1.5, count: 1 })
    expect(roundTrip).to.deep.include({ attributes: CLIENT, value: 0.02, count: 1 })
  })

  it('count the bytes of all frames in each direction', async () => {
    const telemetry = use(new Telemetry())
    publish('holdfast:frame', { type: 'text', direction: 'receive', bytes: 10, preview: 'secret' })
    publish('holdfast:frame', { type: 'ping', direction: 'receive', bytes: 4, preview: '' })
    publish('holdfast:frame', { type: 'binary', direction: 'transmit', bytes: 3, preview: '' })
    const points = await telemetry.points('holdfast.client.io')
    expect(points.map(({ attributes, value }) => [attributes, value])).to.deep.equal([
      [{ ...CLIENT, 'network.io.direction': 'receive' }, 14],
      [{ ...CLIENT, 'network.io.direction': 'transmit' }, 3],
    ])
  })

  it('count dropped messages, with the reason', async () => {
    const telemetry = use(new Telemetry())
    for (const reason of ['outbox', 'conflated', 'unhandled', 'validation', 'unsent'] as const)
      publish('holdfast:drop', { reason, count: 2 })
    const points = await telemetry.points('holdfast.client.messages.dropped')
    expect(points.map(({ attributes, value }) => [attributes, value])).to.deep.equal(
      ['outbox', 'conflated', 'unhandled', 'validation', 'unsent'].map((reason) => [
        { ...CLIENT, 'holdfast.drop.reason': reason },
        2,
      ]),
    )
  })
})
