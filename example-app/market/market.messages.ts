/** The public messages of Coinbase's exchange feed: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels */

export const PRODUCTS = ['BTC-USD', 'ETH-USD'] as const

export interface Subscribe {
  readonly type: 'subscribe'
  readonly product_ids: readonly string[]
  readonly channels: readonly string[]
}

export const SUBSCRIBE: Subscribe = {
  type: 'subscribe',
  product_ids: PRODUCTS,
  channels: ['ticker', 'heartbeat'],
}

export interface Channel {
  readonly name: string
  readonly product_ids: readonly string[]
}

/** Reply to a subscribe message: everything that the client is subscribed to now. */
interface Subscribed {
  readonly type: 'subscriptions'
  readonly channels: readonly Channel[]
}

/** A trade. Amounts are strings, because numbers would lose digits. */
export interface Ticker {
  readonly type: 'ticker'
  readonly sequence: number
  readonly product_id: string
  readonly price: string
  readonly side: 'buy' | 'sell'
  readonly last_size: string
  readonly time: string
}

/** Sent once a second for each product, whether or not there are trades. */
export interface MarketHeartbeat {
  readonly type: 'heartbeat'
  readonly sequence: number
  readonly product_id: string
  readonly time: string
}

export interface MarketProblem {
  readonly type: 'error'
  readonly message: string
  readonly reason?: string
}

/** A message from the server. */
export type MarketMessage = Subscribed | Ticker | MarketHeartbeat | MarketProblem

export function textOf({ message, reason }: MarketProblem): string {
  return reason === undefined ? message : `${message}, ${reason}`
}
