import { injectable } from 'tsyringe'
import { ConnectionView } from '../terminal/connection-view.js'
import { Terminal } from '../terminal/terminal.js'
import type { Channel } from './market.messages.js'
import type { Price } from './price-board.js'

const ARROWS: Readonly<Record<Price['trend'], string>> = { up: '▲', down: '▼', same: '=' }

/** Shows prices. */
@injectable()
export class MarketView extends ConnectionView {
  constructor(terminal: Terminal) {
    super(terminal, 'market')
  }

  subscribed(channels: readonly Channel[]): void {
    this.line(`subscribed to ${channels.map(({ name }) => name).join(' and ')}`)
  }

  prices(prices: readonly Price[]): void {
    const ticks = prices.reduce((sum, price) => sum + price.ticks, 0)
    const shown = prices.map(({ product, price, trend }) => `${product} ${price} ${ARROWS[trend]}`)
    this.line(`${shown.join('  ')}  (${ticks} ${ticks === 1 ? 'trade' : 'trades'})`)
  }
}
