import { defineHandlers, JsonSender } from 'holdfast'

export class TickerClient {
  readonly prices: number[] = []
  readonly json: JsonSender

  constructor(json: JsonSender) {
    this.json = json
  }

  opened(): void {
    void this.json.send({ type: 'subscribe', product: 'BTC-USD' })
  }

  tick({ price }: { price: number }): void {
    this.prices.push(price)
  }

  ping(): unknown {
    return { type: 'pong' }
  }
}

defineHandlers(
  TickerClient,
  { open: 'opened', message: { ticker: 'tick', ping: 'ping' } },
  { inject: [JsonSender], route: 'type', reconnect: { delays: [1_000], initialDelay: 0 }, logger: false },
)
