import type { Ticker } from './market.messages.js'

/** Last price of a product, and its trend since the previous call of `look`. */
export interface Price {
  readonly product: string
  readonly price: string
  readonly trend: 'up' | 'down' | 'same'
  readonly ticks: number
}

interface Entry {
  price: string
  /** Price at the previous call of `look`. */
  shown: string
  ticks: number
}

/** Keeps the last price of each product. */
export class PriceBoard {
  readonly #entries = new Map<string, Entry>()

  update({ product_id, price }: Ticker): void {
    const entry = this.#entries.get(product_id) ?? { price, shown: price, ticks: 0 }
    entry.price = price
    entry.ticks += 1
    this.#entries.set(product_id, entry)
  }

  /** Returns the products that were traded since the previous call. */
  look(): readonly Price[] {
    const traded = [...this.#entries].filter(([, { ticks }]) => ticks > 0)
    return traded.map(([product, entry]) => {
      const { price, shown, ticks } = entry
      entry.shown = price
      entry.ticks = 0
      return { product, price, ticks, trend: trendOf(Number(price) - Number(shown)) }
    })
  }
}

function trendOf(difference: number): Price['trend'] {
  if (difference === 0) return 'same'
  return difference > 0 ? 'up' : 'down'
}
