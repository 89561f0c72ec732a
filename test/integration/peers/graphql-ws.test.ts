import { expect } from 'chai'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { EventEmitter, on, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import {
  bootstrap,
  Connection,
  ConnectionLostError,
  OnMessage,
  OnOpen,
  ReplyError,
  Subscriptions,
  WebSocketClient,
} from 'holdfast'
import type { OpenInfo, RequestsOptions } from 'holdfast'
import { disposal } from '../../support/disposal.js'
import { eventually } from '../../support/eventually.js'
import { rejection } from '../../support/rejection.js'
import { startTcpProxy } from '../../support/tcp-proxy.js'
import { describeBothWays } from '../../ws/ws-scene.js'

const SCHEMA = buildSchema(`
  type Query { echo(text: String!): String! }
  type Subscription { price(product: String!): Int!  countdown(from: Int!): Int! }
`)

interface Message {
  readonly id?: string
  readonly type: string
  readonly payload?: { readonly data?: Readonly<Record<string, unknown>>; readonly errors?: unknown }
}

/** An operation is a request with any number of `next` replies and a final `complete`. Its ID must be a string. */
const OPERATIONS: RequestsOptions = {
  nextId: String,
  cancel: (id) => ({ id, type: 'complete' }),
  result: (reply) => (reply as Message).payload?.data,
  error: (reply) => {
    const { type, payload } = reply as Message
    return type === 'error' ? payload : payload?.errors
  },
}

@WebSocketClient({
  protocols: 'graphql-transport-ws',
  route: (message) => {
    const { id, type } = message as Message
    return type === 'next' ? id : type
  },
  requests: OPERATIONS,
  reconnect: { delays: [10], initialDelay: 0 },
  logger: false,
})
class PriceClient {
  readonly prices: unknown[] = []

  constructor(
    private readonly connection: Connection,
    readonly subscriptions: Subscriptions,
  ) {}

  @OnOpen()
  async opened({ isReconnect }: OpenInfo): Promise<void> {
    const acknowledged = this.connection.waitFor((message) => (message as Message).type === 'connection_ack')
    await this.connection.sendMessage({ type: 'connection_init', payload: { token: 'open sesame' } })
    await acknowledged
    // Added only once, because Holdfast sends it again after a reconnect.
    if (isReconnect) return
    this.subscriptions.add('btc', () => operation('subscription { price(product: "BTC") }', 'btc'), {
      unsubscribe: { id: 'btc', type: 'complete' },
    })
  }

  @OnMessage('btc')
  price({ payload }: Message): void {
    this.prices.push(payload?.data?.['price'])
  }

  @OnMessage('complete')
  completed(): void {}
}

function operation(query: string, id?: string): object {
  return { ...(id !== undefined && { id }), type: 'subscribe', payload: { query } }
}

/** The server's side of the API, and a record of its operations. */
class Market {
  readonly prices = new EventEmitter()
  /** Operations that were started, in order. */
  readonly begun: string[] = []
  /** Number of countdowns that get stuck after their first number. */
  stuckCountdowns = 1

  readonly query = {
    echo: ({ text }: { text: string }): string => {
      this.begun.push(`echo ${text}`)
      return text
    },
  }

  readonly subscription = {
    price: ({ product }: { product: string }): AsyncIterableIterator<{ price: unknown }> => {
      const events = on(this.prices, product)
      this.begun.push(`price ${product}`)
      const iterator = {
        async next(): Promise<IteratorResult<{ price: unknown }>> {
          const { done, value } = await events.next()
          return done ? { done, value } : { done: false, value: { price: value[0] } }
        },
        async return(): Promise<IteratorResult<{ price: unknown }>> {
          await events.return?.()
          return { done: true, value: undefined }
        },
        [Symbol.asyncIterator]: () => iterator,
      }
      return iterator
    },
    countdown: ({ from }: { from: number }): AsyncGenerator<{ countdown: number }> => this.#countdown(from),
  }

  async *#countdown(from: number): AsyncGenerator<{ countdown: number }> {
    this.stuckCountdowns -= 1
    const isStuck = this.stuckCountdowns >= 0
    for (let number = from; number > 0; number -= 1) {
      yield { countdown: number }
      if (isStuck) await new Promise(() => undefined)
    }
  }
}

class GraphqlServer implements AsyncDisposable {
  readonly market = new Market()
  readonly #server: WebSocketServer
  readonly #handle: ReturnType<typeof useServer>

  constructor() {
    this.#server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    this.#handle = useServer(
      {
        schema: SCHEMA,
        roots: { query: this.market.query, subscription: this.market.subscription },
        onConnect: ({ connectionParams }) => connectionParams?.['token'] === 'open sesame',
      },
      this.#server,
    )
  }

  async listening(): Promise<number> {
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.dispose()
  }
}

describeBothWays('A graphql-ws server', function (transport) {
  this.timeout(30_000)
  const use = disposal()

  async function start() {
    const server = use(new GraphqlServer())
    const proxy = use(await startTcpProxy(await server.listening()))
    const { instance, connection } = use(await bootstrap(PriceClient, proxy.url, { transport }))
    return { market: server.market, proxy, instance, connection }
  }

  it('receives the subscription again after a drop, once @OnOpen has awaited connection_ack', async () => {
    const { market, proxy, instance, connection } = await start()
    expect(connection.protocol).to.equal('graphql-transport-ws')
    await eventually('the subscription has begun', () => market.begun.length === 1)
    market.prices.emit('BTC', 100)
    await eventually('the price has arrived', () => instance.prices.length === 1)

    proxy.cut()
    await eventually('the subscription has begun again', () => market.begun.length === 2)
    await eventually('the server has ended the old one', () => market.prices.listenerCount('BTC') === 1)
    market.prices.emit('BTC', 200)
    await eventually('the next price has arrived', () => instance.prices.length === 2)

    expect(instance.prices).to.deep.equal([100, 200])
    expect(market.begun).to.deep.equal(['price BTC', 'price BTC'])
    expect(proxy.connections).to.equal(2)
  })

  it('ends a subscription that the client deletes after a drop', async () => {
    const { market, proxy, instance } = await start()
    await eventually('the subscription has begun', () => market.begun.length === 1)
    proxy.cut()
    await eventually('the subscription has begun again', () => market.begun.length === 2)
    await eventually('the server has ended the old one', () => market.prices.listenerCount('BTC') === 1)
    instance.subscriptions.delete('btc')
    await eventually('the server has ended the new one', () => market.prices.listenerCount('BTC') === 0)
  })

  it('answers queries, and receives only the queries that set resend again after a drop', async () => {
    const { market, proxy, connection } = await start()
    await eventually('the subscription has begun', () => market.begun.length === 1)
    expect(await connection.request(operation('{ echo(text: "one") }'))).to.deep.equal({ echo: 'one' })

    proxy.hold()
    const once = connection.request(operation('{ echo(text: "once") }'))
    const again = connection.request(operation('{ echo(text: "again") }'), { resend: true })
    await proxy.untilHeld()
    await eventually('the server has received both', () => market.begun.includes('echo again'))
    proxy.cut()

    expect(await rejection(once)).to.be.instanceOf(ConnectionLostError)
    expect(await again).to.deep.equal({ echo: 'again' })
    expect(await connection.request(operation('{ echo(text: "two") }'))).to.deep.equal({ echo: 'two' })
    const echoes = market.begun.filter((begun) => begun.startsWith('echo'))
    expect(echoes).to.deep.equal(['echo one', 'echo once', 'echo again', 'echo again', 'echo two'])
  })

  it('refuses a query, and the request rejects with its errors', async () => {
    const { connection } = await start()
    const error = await rejection(connection.request(operation('{ nothing }')))
    expect(error).to.be.instanceOf(ReplyError)
    const [{ message }] = (error as ReplyError).details as [{ message: string }]
    expect(message).to.equal('Cannot query field "nothing" on type "Query".')
  })

  it('ends an operation when the client leaves its loop', async () => {
    const { market, connection } = await start()
    const isLast = (message: unknown): boolean => (message as Message).type === 'complete'
    const query = operation('subscription { price(product: "ETH") }')
    const replies = connection.requestMany<{ price: number }>(query, { isLast })
    await eventually('the operation has begun', () => market.begun.includes('price ETH'))
    market.prices.emit('ETH', 7)
    for await (const reply of replies) if (reply.price === 7) break
    await eventually('the server has ended it', () => market.prices.listenerCount('ETH') === 0)
  })

  it('restarts a streamed operation that was interrupted by a drop', async () => {
    const { proxy, connection } = await start()
    const numbers: unknown[] = []
    const isLast = (message: unknown): boolean => (message as Message).type === 'complete'
    const query = operation('subscription { countdown(from: 3) }')
    const replies = connection.requestMany<{ countdown: number } | undefined>(query, { isLast, resend: true })
    for await (const reply of replies) {
      if (reply) numbers.push(reply.countdown)
      if (numbers.length === 1) proxy.cut()
    }
    expect(numbers).to.deep.equal([3, 3, 2, 1])
    expect(proxy.connections).to.equal(2)
  })
})
