import {
  HeartbeatTimeoutError,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  OnStateChange,
  WebSocketClient,
} from 'holdfast'
import type { CloseInfo, ConnectionState, ErrorContext, OpenInfo } from 'holdfast'
import { PRODUCTS } from './market.messages.js'
import type { MarketHeartbeat, MarketProblem, Subscribe, Subscriptions, Ticker } from './market.messages.js'
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
    private readonly board: PriceBoard,
    private readonly view: MarketView,
  ) {}

  @OnStateChange()
  stateChanged(state: ConnectionState): void {
    this.view.state(state)
  }

  /** What is returned is sent, after every reconnect too: the server forgets, and cuts off who has not subscribed within 5 s. */
  @OnOpen()
  opened({ isReconnect, downtime }: OpenInfo): Subscribe {
    if (isReconnect) this.view.cameBack(downtime)
    return { type: 'subscribe', product_ids: PRODUCTS, channels: ['ticker', 'heartbeat'] }
  }

  @OnMessage('subscriptions')
  subscribed({ channels }: Subscriptions): void {
    this.view.subscribed(channels.map(({ name, product_ids }) => `${name} of ${product_ids.join(' and ')}`))
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
  refused({ message, reason }: MarketProblem): void {
    this.view.line(`the server says: ${message}${reason === undefined ? '' : `, ${reason}`}`)
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
}
