import {
  HeartbeatTimeoutError,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnStateChange,
  Subscriptions,
  WebSocketClient,
} from 'holdfast'
import type { CloseInfo, ConnectionState, ErrorContext, OpenInfo } from 'holdfast'
import { PRODUCTS, SUBSCRIBE, textOf } from './market.messages.js'
import type { MarketHeartbeat, MarketMessage, MarketProblem, Ticker } from './market.messages.js'
import { MarketView } from './market.view.js'
import { PriceBoard } from './price-board.js'

/** Follows the prices of a few products. */
@WebSocketClient({
  name: 'market',
  // The server sends a message on its heartbeat channel every second, so this side only listens.
  heartbeat: { silence: 5_000 },
})
export class MarketClient {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly board: PriceBoard,
    private readonly view: MarketView,
  ) {}

  @OnStateChange()
  stateChanged(state: ConnectionState): void {
    this.view.state(state)
  }

  /** Subscribes once. Holdfast sends the subscription again after every reconnect. */
  @OnOpen()
  opened({ isReconnect, downtime }: OpenInfo): void {
    if (isReconnect) this.view.cameBack(downtime)
    else this.subscriptions.add('prices', SUBSCRIBE, { ack: (message) => this.#answered(message) })
  }

  @OnMessage('ticker')
  ticked(ticker: Ticker): void {
    this.board.update(ticker)
  }

  /** Shows prices once a second, when the heartbeat of the first product arrives. */
  @OnMessage('heartbeat')
  beaten({ product_id }: MarketHeartbeat): void {
    if (product_id !== PRODUCTS[0]) return
    const prices = this.board.look()
    if (prices.length > 0) this.view.prices(prices)
  }

  @OnMessage('error')
  complained(problem: MarketProblem): void {
    this.view.line(`error from the server: ${textOf(problem)}`)
  }

  @OnError(HeartbeatTimeoutError)
  fellSilent({ silence }: HeartbeatTimeoutError): void {
    this.view.line(`no data received for ${Math.round(silence)} ms: reconnecting`)
  }

  @OnError()
  failed(error: Error, context: ErrorContext): void {
    this.view.failed(error, context)
  }

  @OnClose()
  closed(close: CloseInfo): void {
    this.view.closed(close)
  }

  /** Returns true if a message acknowledges the subscription, or an error if the server rejected the subscription. */
  #answered(message: unknown): boolean | Error {
    const answer = message as MarketMessage
    if (answer.type === 'error') return new Error(textOf(answer))
    if (answer.type !== 'subscriptions') return false
    this.view.subscribed(answer.channels)
    return true
  }
}
