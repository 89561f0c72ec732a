import { bootstrap, OnClose, OnMessage, OnOpen } from 'holdfast'

class Prices {
  @OnOpen() subscribe() {
    return { type: 'subscribe', channel: 'prices' }
  }
  @OnMessage('price') received(message: { price: number }) {
    console.log('price', message.price)
  }
  @OnClose() lost() {
    console.log('lost')
  }
}

await bootstrap(Prices, process.argv[2] ?? '')
