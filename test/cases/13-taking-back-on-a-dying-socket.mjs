// Case 13. solana-foundation/solana-web3.js #2288, solana-labs/solana #26665. Unsubscribing while the socket is closing (readyState 2) or
// reconnecting throws, and retries in a loop until the memory is exhausted. Expected: nothing is thrown, nothing is sent, and nothing is sent again
// later.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

const got = []
const server = await serve((socket, request, number) =>
  socket.on('message', (data) => got.push(`${number}:${data}`)),
)
class Accounts {
  constructor(subscriptions) {
    this.subscriptions = subscriptions
    this.errors = []
  }
  opened() {
    if (this.subscriptions.size === 0 && !this.wasOpen)
      for (let i = 0; i < 3; i += 1) this.subscriptions.add(`s${i}`, { sub: i }, { unsubscribe: { un: i } })
    this.wasOpen = true
  }
  lost() {
    this.subscriptions.delete('s0')
  } // @OnClose: the socket is closed
  changed({ status }) {
    if (status === 'waiting') this.subscriptions.delete('s1')
  }
  message() {}
  failed(error) {
    this.errors.push(error.message)
  }
}
annotate(
  Accounts,
  [
    ['opened', H.OnOpen()],
    ['lost', H.OnClose()],
    ['changed', H.OnStateChange()],
    ['message', H.OnMessage()],
    ['failed', H.OnError()],
  ],
  { inject: [H.Subscriptions] },
)
const client = await H.bootstrap(Accounts, server.url, { logger: false, reconnect: QUICK })
await until(() => got.length >= 3, 'the three subscriptions')
const cpu = process.cpuUsage()
for (const socket of server.clients) socket.close(1001)
await until(() => got.length >= 4, 'the remaining subscription')
// Nothing may be sent again during this time, and no loop may use the CPU.
await sleep(600)
const { user, system } = process.cpuUsage(cpu)
check(
  got.join(' ') === '1:{"sub":0} 1:{"sub":1} 1:{"sub":2} 2:{"sub":2}',
  `the server received ${got.join(' ')}`,
)
check(client.instance.errors.length === 0, `errors: ${client.instance.errors.join('; ') || 'none'}`)
check((user + system) / 1e3 < 200, `CPU in 0.6 s: ${Math.round((user + system) / 1e3)} ms`)
await client.close()
end()
