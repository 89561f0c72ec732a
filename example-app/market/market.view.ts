import { injectable } from 'tsyringe'
import { ConnectionView } from '../terminal/connection-view.js'
import { Terminal } from '../terminal/terminal.js'
import type { Price } from './price-board.js'

const ARROWS: Readonly<Record<Price['trend'], string>> = { up: '▲', down: '▼', same: '=' }

/** Shows what the market tells. */
@injectable()
export class MarketView extends ConnectionView {
  constructor(terminal: Terminal) {
    super(terminal, 'market')
  }

  subscribed(channels: readonly string[]): void {
    this.line(`subscribed to ${channels.join(', ')}`)
  }

  prices(prices: readonly Price[]): void {
    const ticks = prices.reduce((sum, price) => sum + price.ticks, 0)
    const shown = prices.map(({ product, price, trend }) => `${product} ${price} ${ARROWS[trend]}`)
    this.line(`${shown.join('  ')}  (${ticks} ${ticks === 1 ? 'tick' : 'ticks'})`)
  }
}
