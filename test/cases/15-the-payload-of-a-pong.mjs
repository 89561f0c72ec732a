// Case 15. binance/binance-connector-js #559, ruby-jp/websocket-client-simple #28. The server closes with 1008 if a pong does not have the payload of
// its ping. Pings also arrive in bursts, while a handler is busy and while the client does not read. Expected: the server never closes.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

let bad = 0
let good = 0
const server = await serve((socket) => {
  const due = []
  let count = 0
  const ping = () => {
    const payload = String(1_700_000_000_000 + (count += 1))
    due.push(payload)
    socket.ping(payload)
  }
  const timer = setInterval(() => {
    ping()
    if (count % 3 === 0) {
      ping()
      ping()
    }
  }, 40)
  const flood = setInterval(() => {
    for (let i = 0; i < 30; i += 1) socket.send(`{"type":"tick","i":${i}}`)
  }, 250)
  socket.on('pong', (data) => {
    const at = due.indexOf(String(data))
    if (at === -1) {
      bad += 1
      return socket.close(1008, 'payload mismatch')
    }
    good += 1
    return due.splice(0, at + 1) // one pong answers all pings before it (RFC 6455, section 5.5.3)
  })
  socket.on('close', () => {
    clearInterval(timer)
    clearInterval(flood)
  })
})
class Spot {
  async tick() {
    // The handler is deliberately slow.
    await sleep(5)
  }
  failed() {}
}
annotate(Spot, [
  ['tick', H.OnMessage('tick')],
  ['failed', H.OnError()],
])
const client = await H.bootstrap(Spot, server.url, {
  logger: false,
  reconnect: QUICK,
  highWaterMark: 20,
  heartbeat: { interval: 100, timeout: 2_000 },
})
await until(() => bad > 0 || good > 10, 'eleven pongs')
// A wrong answer to a burst would have closed the connection by now.
await sleep(2_000)
check(
  bad === 0 && good > 10 && server.count() === 1,
  `${good} pongs with the right payload, ${bad} without; ${server.count()} connection`,
)
await client.connection.terminate()
end()
