import { Logger } from '@nestjs/common'
import { JsonSender, OnClose, OnMessage, OnOpen, WebSocketClient } from 'holdfast'
import type { CloseInfo } from 'holdfast'
import { PriceBook } from './price-book.js'

@WebSocketClient({ route: 'type' })
export class PriceFeed {
  private readonly logger = new Logger(PriceFeed.name)

  constructor(
    private readonly book: PriceBook,
    private readonly json: JsonSender,
  ) {}

  @OnOpen()
  opened(): void {
    void this.json.send({ op: 'subscribe', channel: 'ticker' })
  }

  @OnMessage('ticker')
  tick({ symbol, price }: { symbol: string; price: number }): void {
    this.book.prices.set(symbol, price)
  }

  @OnClose()
  closed({ code }: CloseInfo): void {
    this.logger.log(`@OnClose ran (${code})`)
  }
}
