import { Body, Controller, Get, Post } from '@nestjs/common'
import { HealthCheck, HealthCheckService } from '@nestjs/terminus'
import { HoldfastHealthIndicator } from 'holdfast/nestjs'
import { AlertFeed } from './alert-feed.js'
import { PriceBook } from './price-book.js'
import { PriceFeed } from './price-feed.js'

/** Serves what `PriceFeed` has received, from the `PriceBook` that both inject. */
@Controller('prices')
export class PricesController {
  constructor(private readonly book: PriceBook) {}

  @Get()
  all(): Record<string, number> {
    return Object.fromEntries(this.book.prices)
  }
}

/** Serves the alerts, and sends requests for alerts through the client. */
@Controller('alerts')
export class AlertsController {
  constructor(private readonly feed: AlertFeed) {}

  @Get()
  all(): readonly object[] {
    return this.feed.alerts
  }

  @Post()
  watch(@Body() { symbol, above }: { symbol: string; above: string }): void {
    this.feed.watch(symbol, Number(above))
  }
}

/** Reports `degraded` with HTTP 200 while a client is reconnecting. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly holdfast: HoldfastHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.holdfast.check('prices', PriceFeed, { maxSilence: 60_000 }),
      () => this.holdfast.check('alerts', AlertFeed),
    ])
  }
}
