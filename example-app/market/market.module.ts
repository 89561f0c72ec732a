import { Module } from 'holdfast'
import type { Class } from 'holdfast'
import type { Settings } from '../settings.js'
import { TerminalModule } from '../terminal/terminal.module.js'
import { MarketServer } from './market-server.js'
import { MarketClient } from './market.client.js'
import { MarketView } from './market.view.js'
import { PriceBoard } from './price-board.js'

/** Follows the feed specified in the settings or, if there is none, a small server inside this app. */
export function marketModule({ marketUrl }: Settings): Class {
  const server = new MarketServer()

  @Module({
    imports: [TerminalModule],
    providers: [{ provide: MarketServer, useFactory: () => server }, PriceBoard, MarketView],
    clients: [{ use: MarketClient, url: marketUrl ?? (() => server.url()), waitForOpen: false }],
  })
  class MarketModule {}
  return MarketModule
}
