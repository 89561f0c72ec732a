import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { MarketMessage, Subscribe } from './market.messages.js'

/** Time in milliseconds that clients have to subscribe. After that, the server disconnects them, as Coinbase does. */
const SUBSCRIBE_WITHIN = 5_000
const TICK_EVERY = 300
const BEAT_EVERY = 1_000

/** The server drops its first connection early, so that a short run shows a reconnect. It drops later connections less often. */
export const FIRST_DROP_AFTER = 7_000
const DROP_AFTER = 60_000

const PRICES: Readonly<Record<string, number>> = { 'BTC-USD': 61_234.5, 'ETH-USD': 3_021.7 }

/** A small server with made-up prices that speaks Coinbase's public protocol. It starts listening when its URL is first needed. */
export class MarketServer {
  #server: WebSocketServer | undefined
  #connectionCount = 0

  async url(): Promise<string> {
    this.#server ??= this.#listen()
    if (this.#server.address() === null) await once(this.#server, 'listening')
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  dispose(): void {
    for (const socket of this.#server?.clients ?? []) socket.terminate()
    this.#server?.close()
  }

  #listen(): WebSocketServer {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    server.on('connection', (socket) => {
      this.#connectionCount += 1
      new Subscriber(socket, this.#connectionCount === 1 ? FIRST_DROP_AFTER : DROP_AFTER)
    })
    return server
  }
}

/** One connection to the server. */
class Subscriber {
  readonly #socket: WebSocket
  readonly #prices = new Map(Object.entries(PRICES))
  readonly #timers: NodeJS.Timeout[]
  #products: readonly string[] = []
  #sequence = 0

  constructor(socket: WebSocket, dropAfter: number) {
    this.#socket = socket
    this.#timers = [
      setTimeout(() => this.#dropUnlessSubscribed(), SUBSCRIBE_WITHIN),
      setTimeout(() => socket.terminate(), dropAfter),
    ]
    socket.on('message', (data: Buffer) => this.#receive(data.toString()))
    socket.on('error', () => socket.terminate())
    socket.on('close', () => this.#timers.forEach(clearTimeout))
  }

  #receive(text: string): void {
    const message = parse(text)
    if (message?.type !== 'subscribe') {
      this.#send({
        type: 'error',
        message: 'Failed to understand the message',
        reason: 'not a subscribe message',
      })
      return
    }
    const unknown = message.product_ids.find((product) => !(product in PRICES))
    if (unknown !== undefined) {
      this.#send({
        type: 'error',
        message: 'Failed to subscribe',
        reason: `${unknown} is not a valid product`,
      })
      return
    }
    this.#subscribe(message)
  }

  #subscribe({ product_ids, channels }: Subscribe): void {
    const isFirst = this.#products.length === 0
    this.#products = product_ids
    this.#send({ type: 'subscriptions', channels: channels.map((name) => ({ name, product_ids })) })
    if (!isFirst) return
    if (channels.includes('ticker')) this.#timers.push(setInterval(() => this.#tick(), TICK_EVERY))
    if (channels.includes('heartbeat')) this.#timers.push(setInterval(() => this.#beat(), BEAT_EVERY))
  }

  #dropUnlessSubscribed(): void {
    if (this.#products.length === 0) this.#socket.terminate()
  }

  #tick(): void {
    const product_id = this.#products[Math.floor(Math.random() * this.#products.length)] ?? ''
    const change = (Math.random() - 0.5) / 500
    const price = (this.#prices.get(product_id) ?? 0) * (1 + change)
    this.#prices.set(product_id, price)
    this.#send({
      type: 'ticker',
      sequence: this.#next(),
      product_id,
      price: price.toFixed(2),
      side: change > 0 ? 'buy' : 'sell',
      last_size: Math.random().toFixed(4),
      time: new Date().toISOString(),
    })
  }

  #beat(): void {
    for (const product_id of this.#products) {
      this.#send({ type: 'heartbeat', sequence: this.#next(), product_id, time: new Date().toISOString() })
    }
  }

  #next(): number {
    this.#sequence += 1
    return this.#sequence
  }

  #send(message: MarketMessage): void {
    this.#socket.send(JSON.stringify(message))
  }
}

function parse(text: string): Subscribe | undefined {
  try {
    return JSON.parse(text) as Subscribe
  } catch {
    return undefined
  }
}
