// Case 14. burakoner/OKEx.Net #41, okcoin-okex/open-api-v3-sdk #20, sieblyio/bitget-api #10. In addition to JSON messages, there are the bare words
// `ping` and `pong`. The server disconnects clients that are silent for long, and closes if it receives `"ping"` in quotes. Expected: the words are
// sent and received unchanged, without errors, on one connection. A server that no longer answers is still detected.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep } from './support.mjs'

let isSilent = false
const server = await serve((socket) => {
  let timer
  const rearm = () => {
    clearTimeout(timer)
    timer = setTimeout(() => socket.close(4004, 'no data'), 500)
  }
  rearm()
  socket.on('close', () => clearTimeout(timer))
  socket.on('message', (data) => {
    rearm()
    const text = String(data)
    if (text === 'ping') {
      if (!isSilent) socket.send('pong')
    } else if (text.startsWith('"')) socket.close(4001, 'illegal request')
    else socket.send(JSON.stringify({ event: 'subscribe', arg: JSON.parse(text).args[0] }))
  })
})
const run = async (heartbeat) => {
  class Okx {
    constructor(subscriptions, pulse) {
      this.subscriptions = subscriptions
      this.pulse = pulse
      this.errors = []
      this.events = 0
    }
    opened() {
      this.subscriptions.add('t', { op: 'subscribe', args: [{ channel: 'tickers' }] })
    }
    subscribed() {
      this.events += 1
    }
    failed(error) {
      this.errors.push(error.name)
    }
  }
  annotate(
    Okx,
    [
      ['opened', H.OnOpen()],
      ['subscribed', H.OnMessage('subscribe')],
      ['failed', H.OnError()],
    ],
    { inject: [H.Subscriptions, H.Heartbeat], route: 'event' },
  )
  const before = server.count()
  const client = await H.bootstrap(Okx, server.url, { logger: false, reconnect: QUICK, heartbeat })
  await sleep(1_500)
  const { errors, events, pulse } = client.instance
  const { latency } = pulse
  await client.close()
  return { connections: server.count() - before, errors, events, latency }
}
const times = { interval: 200, timeout: 200 }
const quoted = await run({ ...times, message: () => 'ping' })
check(
  quoted.connections > 1,
  `a message passes through the codec, in quotes: ${quoted.connections} connections`,
)
for (const heartbeat of [
  { ...times, text: 'ping', reply: 'pong' },
  { ...times, text: 'ping' },
]) {
  const { connections, errors, events, latency } = await run(heartbeat)
  check(
    connections === 1 && errors.length === 0 && events === 1,
    `heartbeat ${JSON.stringify(heartbeat)}: ${connections} connection, ${errors.length} errors, ${events} subscription`,
  )
  check(latency >= 0 && latency < 200, `the reply is a pong: ${latency?.toFixed(1)} ms`)
}
isSilent = true
const dead = await run({ ...times, text: 'ping', reply: 'pong' })
check(
  dead.errors[0] === 'HeartbeatTimeoutError',
  `a server that does not answer is detected: ${dead.errors[0]}`,
)
end()
