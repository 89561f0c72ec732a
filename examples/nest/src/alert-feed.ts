import { Logger, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common'
import { OnClose, OnError, OnMessage, Subscriptions, WebSocketClient } from 'holdfast'
import type { CloseInfo } from 'holdfast'
import { Acknowledge, KnownSymbols, PriceToNumber, RejectAlert } from './alert-enhancers.js'
import type { Alert } from './alert-enhancers.js'

@WebSocketClient({ route: 'type' })
export class AlertFeed {
  readonly alerts: Alert[] = []
  private readonly logger = new Logger(AlertFeed.name)

  constructor(private readonly subscriptions: Subscriptions) {}

  /** Requests an alert when the price of a symbol exceeds a limit. Holdfast repeats the request on each connection. */
  watch(symbol: string, above: number): void {
    this.subscriptions.add(symbol, { op: 'watch', symbol, above })
  }

  @OnMessage('alert')
  @UseGuards(KnownSymbols)
  @UsePipes(PriceToNumber)
  @UseInterceptors(Acknowledge)
  @UseFilters(RejectAlert)
  alert(alert: Alert): number {
    this.alerts.push(alert)
    this.logger.log(`${alert.symbol} is at ${alert.price}`)
    return alert.id
  }

  @OnError()
  failed(error: Error): void {
    this.logger.warn(error.message)
  }

  @OnClose()
  closed({ code }: CloseInfo): void {
    this.logger.log(`@OnClose ran (${code})`)
  }
}
