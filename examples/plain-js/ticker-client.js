import { defineHandlers, JsonSender } from 'holdfast'

/** Subscribes to a product after every connect, and keeps the prices. */
export class TickerClient {
  prices = []

  constructor(json) {
    this.json = json
  }

  opened() {
    void this.json.send({ type: 'subscribe', product: 'BTC-USD' })
  }

  tick({ price }) {
    this.prices.push(price)
  }

  ping() {
    return { type: 'pong' }
  }
}

// Without decorators, this table connects methods to events. `inject` lists what the constructor receives.
defineHandlers(
  TickerClient,
  { open: 'opened', message: { ticker: 'tick', ping: 'ping' } },
  { inject: [JsonSender] },
)
