import { JsonSender, OnMessage, OnOpen, WebSocketClient } from 'holdfast'

// This compiler emits no type metadata, so the tokens are named.
@WebSocketClient({
  inject: [JsonSender],
  route: 'type',
  reconnect: { delays: [1_000], initialDelay: 0 },
  logger: false,
})
export class TickerClient {
  readonly prices: number[] = []

  constructor(private readonly json: JsonSender) {}

  @OnOpen()
  opened(): void {
    void this.json.send({ type: 'subscribe', product: 'BTC-USD' })
  }

  @OnMessage('ticker')
  tick({ price }: { price: number }): void {
    this.prices.push(price)
  }

  @OnMessage('ping')
  ping(): unknown {
    return { type: 'pong' }
  }
}
