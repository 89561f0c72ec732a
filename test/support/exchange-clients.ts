import { gunzipSync } from 'node:zlib'
import { OnBinary, OnClose, OnMessage, WebSocketClient } from 'holdfast'
import type { Codec } from 'holdfast'

/** Counts what its handlers get, by kind. */
export abstract class Counting {
  readonly counts: Record<string, number> = {}

  @OnClose()
  closed(): void {
    // The end is expected; without this method it would be logged.
  }

  protected count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1
  }
}

interface Streamed {
  readonly stream: string
}

@WebSocketClient({ route: (message) => (message as Streamed).stream.split('@')[1] })
export class Binance extends Counting {
  @OnMessage('depth')
  depth(): void {
    this.count('depth')
  }

  @OnMessage('bookTicker')
  bookTicker(): void {
    this.count('bookTicker')
  }

  @OnMessage('aggTrade')
  trade(): void {
    this.count('aggTrade')
  }

  @OnMessage('kline_1m')
  candle(): void {
    this.count('kline')
  }

  @OnMessage()
  rest(): void {
    this.count('rest')
  }
}

@WebSocketClient({ route: 'type' })
export class Coinbase extends Counting {
  @OnMessage('l2update')
  update(): void {
    this.count('l2update')
  }

  @OnMessage('snapshot')
  snapshot(): void {
    this.count('snapshot')
  }

  @OnMessage('ticker')
  ticker(): void {
    this.count('ticker')
  }

  @OnMessage('match')
  @OnMessage('last_match')
  match({ type }: { type: string }): void {
    this.count(type)
  }

  @OnMessage()
  rest(): void {
    this.count('rest')
  }
}

/** Arrays carry their kind in the last place but one; what else there is, is an event. */
function krakenKey(message: unknown): unknown {
  return Array.isArray(message) ? message.at(-2) : (message as { event: string }).event
}

@WebSocketClient({ route: krakenKey })
export class Kraken extends Counting {
  @OnMessage('book-1000')
  book(message: unknown): void {
    this.count(Array.isArray(message) ? 'book' : 'no array')
  }

  @OnMessage('heartbeat')
  beat(): void {
    this.count('heartbeat')
  }

  @OnMessage('subscriptionStatus')
  subscribed(): void {
    this.count('subscribed')
  }

  @OnMessage()
  rest(): void {
    this.count('rest')
  }
}

function bitfinexKey(message: unknown): unknown {
  if (!Array.isArray(message)) return (message as { event: string }).event
  return message[1] === 'hb' ? 'hb' : 'data'
}

@WebSocketClient({ route: bitfinexKey })
export class Bitfinex extends Counting {
  readonly #channels = new Set<number>()

  @OnMessage('subscribed')
  subscribed({ chanId }: { chanId: number }): void {
    this.#channels.add(chanId)
    this.count('subscribed')
  }

  @OnMessage('data')
  data([channel]: [number]): void {
    this.count(this.#channels.has(channel) ? 'data' : 'data of an unknown channel')
  }

  @OnMessage('hb')
  beat(): void {
    this.count('hb')
  }

  @OnMessage()
  rest(): void {
    this.count('rest')
  }
}

@WebSocketClient({ route: 'method' })
export class Deribit extends Counting {
  @OnMessage('subscription')
  notified(): void {
    this.count('subscription')
  }

  @OnMessage()
  answered(): void {
    this.count('result')
  }
}

interface OkxMessage {
  readonly event?: string
  readonly action?: string
  readonly arg: { readonly channel: string }
}

function okxKey(message: unknown): unknown {
  const { event, action, arg } = message as OkxMessage
  return event ?? action ?? arg.channel
}

@WebSocketClient({ route: okxKey })
export class Okx extends Counting {
  @OnMessage('subscribe')
  subscribed(): void {
    this.count('subscribe')
  }

  @OnMessage('snapshot')
  snapshot(): void {
    this.count('snapshot')
  }

  @OnMessage('update')
  update(): void {
    this.count('update')
  }

  @OnMessage('tickers')
  ticker(): void {
    this.count('tickers')
  }

  @OnMessage('trades')
  trade(): void {
    this.count('trades')
  }
}

type HuobiMessage = Readonly<Record<string, unknown>>

/** Every frame is gzip in binary, and the server pings with a message. */
export class Huobi extends Counting {
  @OnBinary()
  received(data: Uint8Array): HuobiMessage | undefined {
    const message = JSON.parse(gunzipSync(data).toString()) as HuobiMessage
    if ('ping' in message) {
      this.count('ping')
      return { pong: message['ping'] }
    }
    this.count('subbed' in message ? 'subbed' : 'market')
    return undefined
  }

  @OnMessage()
  text(): void {
    this.count('text')
  }
}

@WebSocketClient({ route: 'type' })
export class Gemini extends Counting {
  @OnMessage('l2_updates')
  updates(): void {
    this.count('l2_updates')
  }

  @OnMessage('trade')
  trade(): void {
    this.count('trade')
  }

  @OnMessage('heartbeat')
  beat(): void {
    this.count('heartbeat')
  }
}

const jsonInBinary: Codec = {
  isBinary: true,
  encode: (message) => JSON.stringify(message),
  decode: (data) => JSON.parse(Buffer.from(data as Uint8Array).toString()) as unknown,
}

@WebSocketClient({ route: 'ty', codec: jsonInBinary })
export class Upbit extends Counting {
  @OnMessage('trade')
  trade(): void {
    this.count('trade')
  }

  @OnMessage('orderbook')
  book(): void {
    this.count('orderbook')
  }
}

interface SignalR {
  readonly M?: readonly { readonly M: string }[]
  readonly R?: unknown
}

function bittrexKey(message: unknown): unknown {
  const { M, R } = message as SignalR
  if (M) return M.length > 0 ? 'calls' : 'session'
  return R === undefined ? undefined : 'result'
}

/** One frame may carry several calls. */
@WebSocketClient({ route: bittrexKey })
export class Bittrex extends Counting {
  @OnMessage('calls')
  called({ M = [] }: SignalR): void {
    for (const { M: method } of M) this.count(method)
  }

  @OnMessage('result')
  answered(): void {
    this.count('result')
  }

  @OnMessage('session')
  session(): void {
    this.count('session')
  }

  @OnMessage()
  keptAlive(): void {
    this.count('keepalive')
  }
}
