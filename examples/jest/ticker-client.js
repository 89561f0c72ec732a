import { defineHandlers, JsonSender } from 'holdfast'

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

defineHandlers(
  TickerClient,
  { open: 'opened', message: { ticker: 'tick', ping: 'ping' } },
  { inject: [JsonSender], route: 'type', reconnect: { delays: [1_000], initialDelay: 0 }, logger: false },
)
