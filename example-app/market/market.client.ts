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
  // The server beats once a second on its heartbeat channel: it is enough to listen.
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

  /** Said again by itself after each reconnect: the server forgets, and cuts off who has not subscribed within 5 s. */
  @OnOpen()
  opened({ isReconnect, downtime }: OpenInfo): void {
    if (isReconnect) this.view.cameBack(downtime)
    else this.subscriptions.add('prices', SUBSCRIBE, { ack: (message) => this.#answered(message) })
  }

  @OnMessage('ticker')
  ticked(ticker: Ticker): void {
    this.board.update(ticker)
  }

  /** Every product has a heartbeat each second; that of the first sets the pace at which prices are shown. */
  @OnMessage('heartbeat')
  beaten({ product_id }: MarketHeartbeat): void {
    if (product_id !== PRODUCTS[0]) return
    const prices = this.board.look()
    if (prices.length > 0) this.view.prices(prices)
  }

  @OnMessage('error')
  complained(problem: MarketProblem): void {
    this.view.line(`the server says: ${textOf(problem)}`)
  }

  @OnError(HeartbeatTimeoutError)
  fellSilent({ silence }: HeartbeatTimeoutError): void {
    this.view.line(`nothing has come for ${Math.round(silence)} ms: cutting the connection`)
  }

  @OnError()
  failed(error: Error, context: ErrorContext): void {
    this.view.failed(error, context)
  }

  @OnClose()
  closed(close: CloseInfo): void {
    this.view.closed(close)
  }

  /** Tells whether a message answers the subscribe, and how. */
  #answered(message: unknown): boolean | Error {
    const answer = message as MarketMessage
    if (answer.type === 'error') return new Error(textOf(answer))
    if (answer.type !== 'subscriptions') return false
    this.view.subscribed(answer.channels)
    return true
  }
}
