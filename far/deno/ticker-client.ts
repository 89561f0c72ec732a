import { JsonSender, OnMessage, OnOpen, WebSocketClient } from 'holdfast'

@WebSocketClient({ logger: false })
export class TickerClient {
  readonly types: string[] = []

  constructor(private readonly json: JsonSender) {}

  @OnOpen()
  opened(): void {
    void this.json.send({ type: 'echo', product: 'BTC-USD' })
  }

  @OnMessage('echoed')
  echoed({ product }: { product: string }): void {
    this.types.push(product)
  }

  @OnMessage()
  rest(): void {}
}
