import { setTimeout as sleep } from 'node:timers/promises'
import { bootstrap } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { TickerClient } from './ticker-client.js'

// A price feed on this machine. Your own program connects to an API instead.
let price = 100
const feed = await startTestServer(({ socket }) => {
  const timer = setInterval(() => socket.send(JSON.stringify({ type: 'ticker', price: price++ })), 500)
  socket.once('close', () => clearInterval(timer))
})

const client = await bootstrap(TickerClient, feed.url, { logger: console })
await sleep(2_000)

feed.connections[0]?.socket.terminate() // as if the network had failed
await sleep(4_000)

console.log('Received prices:', client.instance.prices.join(', '))
await client.close()
await feed.close()
