import { bootstrap, OnClose, OnError, OnMessage, OnOpen } from 'holdfast'
import type { CloseInfo } from 'holdfast'

class Prices {
  @OnOpen() subscribe() {
    return { type: 'subscribe', channel: 'prices' }
  }
  @OnMessage('price') received(message: { price: number }) {
    console.log('price', message.price)
  }
  @OnError() failed(error: Error) {
    console.log('error', error.name)
  }
  @OnClose() closed({ code, reason }: CloseInfo) {
    console.log('closed', code, reason)
  }
}

await bootstrap(Prices, process.argv[2] ?? '', { heartbeat: { interval: 20_000, timeout: 10_000 } })
