// Case 26. knowm/XChange #4740, JKorf/Kucoin.Net #140. The URL contains a token that is valid for a day. After that, each reconnect uses the old one,
// is accepted, receives {"type":"error","code":401} in a MESSAGE, and is disconnected, again and again. Expected: a fresh token for each attempt. The
// token endpoint can fail too.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

let current = 't1'
let requests = 0
const rest = async () => {
  requests += 1
  if (requests === 2) throw new Error('502')
  current = `t${requests}`
  return current
}
const entered = []
const server = await serve((socket, request) => {
  const token = new URL(request.url, 'ws://x').searchParams.get('token')
  entered.push(token === current)
  if (token === current) return socket.send('{"type":"welcome"}')
  socket.send('{"type":"error","code":401,"data":"token is expired"}')
  return socket.close(1000)
})
class Ticker {
  welcome() {
    this.welcomes = (this.welcomes ?? 0) + 1
  }
  failed(error) {
    this.errors = [...(this.errors ?? []), error]
  }
}
annotate(
  Ticker,
  [
    ['welcome', H.OnMessage('welcome')],
    ['failed', H.OnError()],
  ],
  { url: async () => `${server.url}?token=${await rest()}` },
)
const client = await H.bootstrap(Ticker, undefined, { logger: false, reconnect: QUICK })
await until(() => client.instance.welcomes === 1, 'the first welcome')
current = 'expired'
for (const socket of server.clients) socket.terminate()
await until(() => client.instance.welcomes >= 2 || entered.includes(false), 'the second connection')
// A third connection would have arrived by now.
await sleep(500)
check(
  entered.every(Boolean) && client.instance.welcomes === 2,
  `accepted ${entered.length} times, ${requests} tokens requested`,
)
check(
  client.instance.errors?.[0] instanceof H.ConnectOptionError,
  `the token that failed: ${client.instance.errors?.[0]?.message}`,
)
await client.close()
end()
