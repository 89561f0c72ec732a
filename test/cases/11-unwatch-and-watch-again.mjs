// Case 11. wevm/viem #3957 and #3771. After a reconnect, a client that unsubscribes and subscribes again receives each event twice or more, or not at
// all. Expected: exactly one live subscription on the server, and each event once.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

let lastId = 0
const lives = new Map()
const server = await serve((socket) => {
  const mine = new Map()
  lives.set(socket, mine)
  socket.on('close', () => lives.delete(socket))
  socket.on('message', (data) => {
    const { id, method, params } = JSON.parse(data)
    if (method === 'eth_subscribe') mine.set(`0x${(lastId += 1)}`, params[0])
    const result = method === 'eth_subscribe' ? `0x${lastId}` : mine.delete(params[0])
    // This test is about time: the acknowledgment is slow.
    setTimeout(() => socket.send(JSON.stringify({ jsonrpc: '2.0', id, result })), 10)
  })
})
const mint = (number) => {
  for (const [socket, mine] of lives)
    for (const subscription of mine.keys())
      socket.send(
        JSON.stringify({
          jsonrpc: '2.0',
          method: 'eth_subscription',
          params: { subscription, result: number },
        }),
      )
}
const subscriptionsAt = () => [...lives.values()].reduce((sum, mine) => sum + mine.size, 0)
let ids = 0
class Heads {
  constructor(subscriptions) {
    this.subscriptions = subscriptions
    this.heads = []
  }
  watch() {
    const id = `sub-${(ids += 1)}`
    this.subscriptions.add(
      'heads',
      { jsonrpc: '2.0', id, method: 'eth_subscribe', params: ['newHeads'] },
      {
        ack: (message) => message.id === id,
        id: ({ result }) => result,
        unsubscribe: (server) => ({
          jsonrpc: '2.0',
          id: `un-${id}`,
          method: 'eth_unsubscribe',
          params: [server],
        }),
      },
    )
  }
  unwatch() {
    this.subscriptions.delete('heads')
  }
  head({ params }) {
    this.heads.push(params.result)
  }
  rest() {}
}
annotate(
  Heads,
  [
    ['head', H.OnMessage('heads')],
    ['rest', H.OnMessage()],
  ],
  { inject: [H.Subscriptions], route: (message) => message.params?.subscription },
)
const client = await H.bootstrap(Heads, server.url, { logger: false, reconnect: QUICK })
const { instance } = client
const watched = () =>
  until(() => {
    const [id, ...others] = [...lives.values()].flatMap((mine) => [...mine.keys()])
    return others.length === 0 && instance.subscriptions.keyOf(id) === 'heads'
  }, 'one subscription, whose ID the client knows')
const seen = (number) => until(() => instance.heads.includes(number), `block ${number}`)
instance.watch()
await watched()
mint(1)
for (let round = 0; round < 3; round += 1) {
  for (const socket of server.clients) socket.terminate()
  await until(() => server.count() === round + 2, `reconnect ${round + 1}`)
  await watched()
}
// No second subscription may arrive during this time.
await sleep(300)
mint(2)
await seen(2)
instance.unwatch()
instance.watch()
await watched()
mint(3)
await seen(3)
instance.unwatch() // and again immediately, while the acknowledgment is pending
instance.watch()
instance.unwatch()
instance.watch()
await watched()
mint(4)
await seen(4)
// No block may arrive twice during this time, and no second subscription.
await sleep(100)
check(instance.heads.join() === '1,2,3,4', `the blocks received: ${instance.heads.join()}`)
check(subscriptionsAt() === 1, `live subscriptions on the server: ${subscriptionsAt()}`)
await client.close()
end()
