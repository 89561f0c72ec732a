import { setImmediate as nextTurn } from 'node:timers/promises'
import { defineHandlers } from 'holdfast'

/** A client whose handler of orders awaits something, and refuses orders without a number. */
export class FeedClient {
  prices = []
  orders = []
  /** Called after the handler of an order has awaited. */
  onOrder = () => undefined

  tick({ price }) {
    this.prices.push(price)
  }

  async order({ number }) {
    await nextTurn()
    this.onOrder()
    this.orders.push(number)
    if (number === undefined) throw new RangeError('an order without a number')
  }
}

defineHandlers(
  FeedClient,
  { message: { ticker: 'tick', order: 'order' } },
  { route: 'type', reconnect: { delays: [10], initialDelay: 0 }, logger: false },
)
