import { Injectable } from '@nestjs/common'

/** The latest price of each symbol. `PriceFeed` writes it, and `AlertFeed` and `PricesController` read it. */
@Injectable()
export class PriceBook {
  readonly prices = new Map<string, number>()
}
