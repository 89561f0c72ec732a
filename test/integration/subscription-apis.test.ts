import { expect } from 'chai'
import { bootstrap, Connection, OnError, OnMessage, OnOpen, Subscriptions, WebSocketClient } from 'holdfast'
import type { SubscriptionError, TopicSubscription } from 'holdfast'
import { homeAssistant } from 'holdfast/requests'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import type { MemoryPeer } from 'holdfast/testing'
import { rejection } from '../support/rejection.js'

type Sent = Readonly<Record<string, unknown>>

/** Starts an in-memory server that answers each message like an API. */
function api(answer: (message: Sent, peer: MemoryPeer) => readonly unknown[]) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  server.onAttempt = (peer) => {
    peer.onMessage = (text) => {
      for (const each of answer(JSON.parse(String(text)) as Sent, peer)) peer.send(each)
    }
    peer.accept()
  }
  const sent = (): Sent[] => server.peer.received.map((text) => JSON.parse(String(text)) as Sent)
  const options = {
    transport: server.connect,
    clock,
    random: () => 0.5,
    logger: false,
    heartbeat: false,
  } as const
  /** Drops the connection, and waits for the reconnect. */
  const cut = async (): Promise<void> => {
    server.peer.drop()
    await clock.advance(5_000)
  }
  return { clock, cut, options, sent, server }
}

interface KrakenTopic {
  readonly channel: string
  readonly symbol: string
}

interface KrakenAck {
  readonly method?: string
  readonly success?: boolean
  readonly error?: string
  readonly symbol?: string
  readonly result?: KrakenTopic
}

let krakenIds = 0
const kraken = (method: string, topics: readonly KrakenTopic[]) => ({
  method,
  params: { channel: topics[0]?.channel, symbol: topics.map(({ symbol }) => symbol) },
  req_id: (krakenIds += 1),
})

@WebSocketClient({
  url: 'wss://ws.kraken.test/v2',
  route: 'channel',
  requests: { id: 'req_id' },
  subscriptions: {
    subscribe: (topics: readonly KrakenTopic[]) => kraken('subscribe', topics),
    unsubscribe: (topics: readonly KrakenTopic[]) => kraken('unsubscribe', topics),
    ack: ({ method, success, error, symbol, result }: KrakenAck) => {
      if (method !== 'subscribe') return method === 'unsubscribe' ? { topics: [] } : undefined
      const { channel = 'book', symbol: name = symbol } = result ?? {}
      return { topics: [{ channel, symbol: name }], error: success ? undefined : error }
    },
  },
})
class Kraken {
  readonly errors: Error[] = []
  readonly rest: unknown[] = []

  constructor(
    readonly subscriptions: Subscriptions,
    readonly connection: Connection,
  ) {}

  @OnMessage()
  others(message: unknown): void {
    this.rest.push(message)
  }

  @OnError()
  failed(error: Error): void {
    this.errors.push(error)
  }
}

interface BinanceAck {
  readonly result?: null
  readonly id?: number
  readonly error?: { readonly msg: string }
}

/** Topics by message ID, because Binance includes only the ID of the message in its acknowledgment. */
const binanceTopics = new Map<number, readonly unknown[]>()
const binance = (method: string, params: readonly unknown[]) => {
  const id = 1_000 + binanceTopics.size
  binanceTopics.set(id, method === 'SUBSCRIBE' ? params : [])
  return { method, params, id }
}

@WebSocketClient({
  url: 'wss://stream.binance.test/ws',
  requests: { error: (reply) => (reply as BinanceAck).error },
  subscriptions: {
    subscribe: (topics) => binance('SUBSCRIBE', topics),
    unsubscribe: (topics) => binance('UNSUBSCRIBE', topics),
    ack: ({ id, error }: BinanceAck) => {
      const topics = id === undefined ? undefined : binanceTopics.get(id)
      return topics && { topics, error: error?.msg }
    },
  },
})
class Binance {
  constructor(
    readonly subscriptions: Subscriptions,
    readonly connection: Connection,
  ) {}

  @OnOpen()
  opened(): void {
    for (let index = 0; index < 60; index += 1) this.subscriptions.subscribe(`s${index}@trade`)
  }
}

interface BitfinexEvent {
  readonly event?: string
  readonly chanId?: number
  readonly symbol?: string
  readonly msg?: string
}

@WebSocketClient({
  url: 'wss://api.bitfinex.test/ws/2',
  route: ['event', 0],
  subscriptions: {
    batch: { size: 1 },
    subscribe: ([symbol]) => ({ event: 'subscribe', channel: 'trades', symbol }),
    unsubscribe: (_topics, [chanId]) => (chanId === undefined ? undefined : { event: 'unsubscribe', chanId }),
    ack({ event, chanId, symbol, msg }: BitfinexEvent) {
      if (event === 'subscribed') return { topics: [symbol], id: chanId }
      return event === 'error' ? { topics: [symbol], error: msg } : undefined
    },
  },
})
class Bitfinex {
  readonly trades: unknown[] = []

  constructor(readonly subscriptions: Subscriptions) {}

  @OnMessage('tBTCUSD')
  btc(message: unknown): void {
    this.trades.push(message)
  }

  @OnMessage()
  rest(): void {}
}

interface CoinbaseAck {
  readonly type?: string
  readonly channels?: readonly { readonly name: string; readonly product_ids: readonly string[] }[]
}

@WebSocketClient({
  url: 'wss://ws-feed.coinbase.test',
  subscriptions: {
    key: (topic) => (topic as readonly string[]).join(' '),
    subscribe: (topics: readonly (readonly string[])[]) => ({
      type: 'subscribe',
      channels: topics.map(([name, product]) => ({ name, product_ids: [product] })),
    }),
    ack: ({ type, channels = [] }: CoinbaseAck) =>
      type === 'subscriptions'
        ? { topics: channels.flatMap(({ name, product_ids }) => product_ids.map((id) => `${name} ${id}`)) }
        : undefined,
  },
})
class Coinbase {
  constructor(readonly subscriptions: Subscriptions) {}

  @OnMessage('ticker')
  tick(): void {}
}

@WebSocketClient({
  url: 'ws://homeassistant.test/api/websocket',
  requests: homeAssistant(),
  route: ['id', 'type'],
})
class Home {
  readonly events: unknown[] = []
  readonly errors: Error[] = []

  constructor(
    readonly subscriptions: Subscriptions,
    readonly connection: Connection,
  ) {}

  @OnOpen()
  async opened(): Promise<void> {
    await this.connection.sendJson({ type: 'auth' })
    await this.connection.waitFor((message) => (message as Sent)['type'] === 'auth_ok')
    this.subscriptions.add(
      'states',
      { type: 'subscribe_events', event_type: 'state_changed' },
      {
        request: true,
        id: (reply) => (reply as { id: number }).id,
        unsubscribe: (subscription) => ({ type: 'unsubscribe_events', subscription }),
      },
    )
  }

  @OnMessage('states')
  changed(message: unknown): void {
    this.events.push(message)
  }

  @OnError()
  failed(error: Error): void {
    this.errors.push(error)
  }
}

describe('Subscriptions to', () => {
  it('Kraken send an array of symbols in one message, and are acknowledged separately for each symbol', async () => {
    const { clock, cut, options, sent } = api(({ method, params, req_id }) => {
      const { channel, symbol } = params as { channel: string; symbol: string[] }
      return symbol.map((each) =>
        each === 'X/X'
          ? { method, success: false, error: 'Currency pair not supported X/X', symbol: each, req_id }
          : { method, success: true, result: { channel, symbol: each }, req_id },
      )
    })
    const { instance } = await bootstrap(Kraken, options)
    const [btc, no] = ['BTC/USD', 'X/X', 'ETH/USD'].map((symbol) =>
      instance.subscriptions.subscribe({ channel: 'book', symbol }),
    ) as [TopicSubscription, TopicSubscription]
    await btc.acknowledged
    expect(((await rejection(no.acknowledged)) as SubscriptionError).message).to.contain('not supported X/X')
    btc.unsubscribe()
    no.unsubscribe()
    await clock.settle()
    expect(sent().map(({ params }) => params)).to.deep.equal([
      { channel: 'book', symbol: ['BTC/USD', 'X/X', 'ETH/USD'] },
      { channel: 'book', symbol: ['BTC/USD'] },
    ])
    await cut()
    expect(sent().map(({ params }) => params)).to.deep.equal([{ channel: 'book', symbol: ['ETH/USD'] }])
    expect(instance.errors).to.have.length(1)
    expect(instance.connection.stats.unmatchedReplies).to.equal(0)
    expect(instance.rest).to.deep.equal([])
  })

  it('Binance send 60 streams in one message, whose acknowledgment is identified only by its ID', async () => {
    const { clock, cut, options, sent } = api(({ id }) => [{ result: null, id }])
    const { instance } = await bootstrap(Binance, options)
    await clock.settle()
    expect(sent()).to.have.length(1)
    expect(sent()[0]).to.have.property('params').with.length(60)
    await instance.subscriptions.subscribe('s1@trade').acknowledged
    await cut()
    expect(sent()).to.have.length(1)
    const reply = await instance.connection.request({ method: 'LIST_SUBSCRIPTIONS' })
    expect(reply).to.deep.equal({ result: null, id: 1 })
    expect(instance.connection.stats.unmatchedReplies).to.equal(0)
    expect(clock.timers).to.equal(0)
  })

  it('Bitfinex send one message per topic and read a channel ID from its acknowledgment', async () => {
    let channels = 16
    const { clock, cut, options, sent, server } = api(({ event, symbol }) =>
      event === 'subscribe' ? [{ event: 'subscribed', symbol, chanId: (channels += 1) }] : [],
    )
    const { instance } = await bootstrap(Bitfinex, options)
    const [btc] = ['tBTCUSD', 'tETHUSD'].map((symbol) => instance.subscriptions.subscribe(symbol))
    await btc!.acknowledged
    server.peer.send([17, 'te', 1])
    await cut()
    for (const id of [17, 19, 20]) server.peer.send([id, 'te', 2])
    await clock.settle()
    expect(instance.trades).to.deep.equal([
      [17, 'te', 1],
      [19, 'te', 2],
    ])
    btc!.unsubscribe()
    await clock.settle()
    expect(sent().map(({ symbol, chanId }) => symbol ?? chanId)).to.deep.equal(['tBTCUSD', 'tETHUSD', 19])
  })

  it('Coinbase accept an acknowledgment that has no ID and lists all subscriptions', async () => {
    const { clock, options, sent } = api(({ channels }) => [{ type: 'subscriptions', channels }])
    const { instance } = await bootstrap(Coinbase, options)
    const held = ['BTC-USD', 'ETH-USD'].map((id) => instance.subscriptions.subscribe(['ticker', id]))
    await Promise.all(held.map(({ acknowledged }) => acknowledged))
    expect(sent()).to.have.length(1)
    expect(clock.timers).to.equal(0)
  })

  it('Home Assistant are requests whose ID appears in the events', async () => {
    const { clock, cut, options, sent, server } = api(({ type, id }) =>
      type === 'auth'
        ? [{ type: 'auth_ok' }]
        : [{ id, type: 'result', success: type !== 'unsubscribe_events', result: null }],
    )
    const { instance } = await bootstrap(Home, options)
    server.peer.send({ id: 1, type: 'event', event: 'on' })
    await clock.settle()
    expect(instance.events).to.deep.equal([{ id: 1, type: 'event', event: 'on' }])
    await instance.connection.request({ type: 'get_states' })
    instance.subscriptions.delete('states')
    await clock.settle()
    expect(sent()).to.deep.equal([
      { type: 'auth' },
      { type: 'subscribe_events', event_type: 'state_changed', id: 1 },
      { type: 'get_states', id: 2 },
      { type: 'unsubscribe_events', subscription: 1, id: 3 },
    ])
    await cut()
    expect(sent()[1]).to.include({ type: 'subscribe_events', id: 1 })
    expect(instance.connection.stats.unmatchedReplies).to.equal(0)
    expect([instance.errors, clock.timers]).to.deep.equal([[], 0])
  })

  it('Home Assistant report a refusal, without passing its reply to a handler', async () => {
    const { clock, options } = api(({ type, id }) =>
      type === 'auth'
        ? [{ type: 'auth_ok' }]
        : [{ id, type: 'result', success: false, error: { code: 'unauthorized', message: 'no' } }],
    )
    const { instance } = await bootstrap(Home, options)
    await clock.settle()
    expect(instance.errors.filter((error) => error.name === 'ConnectionLostError')).to.deep.equal([])
    expect(instance.errors[0]).to.include({ key: 'states', reason: 'refused' })
    expect(instance.errors[0]!.message).to.contain('unauthorized no')
  })
})
