import { Module } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { HoldfastModule } from 'holdfast/nestjs'
import { AlertFeed } from './alert-feed.js'
import { AlertsController, HealthController, PricesController } from './controllers.js'
import { PriceBook } from './price-book.js'
import { PriceFeed } from './price-feed.js'

@Module({
  imports: [
    TerminusModule,
    HoldfastModule.forRoot({ heartbeat: { interval: 15_000 } }),
    HoldfastModule.forFeatureAsync([
      {
        use: PriceFeed,
        useFactory: () => ({ url: process.env['PRICES_URL'] ?? 'wss://prices.example.com' }),
      },
      {
        use: AlertFeed,
        useFactory: () => ({ url: process.env['ALERTS_URL'] ?? 'wss://alerts.example.com' }),
      },
    ]),
  ],
  providers: [PriceBook, PriceFeed, AlertFeed],
  controllers: [PricesController, AlertsController, HealthController],
})
export class AppModule {}
