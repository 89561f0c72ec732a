// Case 46. 1c3t3a/rust-socketio #358, googollee/go-engine.io PR 81, miguelgrinberg/python-engineio #183. Socket.IO over a plain WebSocket: a digit
// precedes each text. The server pings with the text `2` and expects `3`, and the first packet contains the intervals. A server that hangs is not
// noticed. Expected: connected after `40`, events routed, pings answered, a hanging server detected within pingInterval + pingTimeout, and all of
// this again on the next connection.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

let isHung = false
const connects = []
const server = await serve(
  (socket) => {
    const timers = []
    socket.on('close', () => timers.forEach(clearInterval))
    let isAnswered = true
    socket.send('0{"sid":"x","upgrades":[],"pingInterval":200,"pingTimeout":150,"maxPayload":100000}')
    timers.push(
      setInterval(() => {
        if (isHung) return
        if (!isAnswered) return socket.close(1000, 'ping timeout')
        isAnswered = false
        return socket.send('2')
      }, 200),
    )
    socket.on('message', (data) => {
      const text = String(data)
      if (text === '3') isAnswered = true
      else if (text.startsWith('40')) {
        connects.push(text)
        socket.send('40{"sid":"y"}')
      } else if (text.startsWith('42')) socket.send(`43${/^42(\d+)/.exec(text)[1]}["ok"]`)
    })
    timers.push(
      setInterval(() => {
        if (!isHung) socket.send('42["price",{"p":1}]')
      }, 500),
    )
  },
  { autoPong: false },
)
const engine = {
  // 8 lines
  encode: ({ type, data, id = '' }) => `${type}${id}${data === undefined ? '' : JSON.stringify(data)}`,
  decode(text) {
    const [, type, id, json] = /^(4\d|\d)(\d*)(.*)$/s.exec(text)
    const data = json ? JSON.parse(json) : undefined
    return { type, ...(id && { id: Number(id) }), data, event: type === '42' ? data[0] : undefined }
  },
}
class Chat {
  constructor(connection, heartbeat) {
    this.connection = connection
    this.heartbeat = heartbeat
    this.prices = 0
    this.errors = []
  }
  async opened() {
    const { data } = await this.connection.waitFor(({ type }) => type === '0', { timeout: 1_000 })
    this.heartbeat.configure({ silence: data.pingInterval + data.pingTimeout })
    void this.connection.sendMessage({ type: '40' })
    await this.connection.waitFor(({ type }) => type === '40', { timeout: 1_000 })
  }
  ping() {
    return { type: '3' }
  }
  price() {
    this.prices += 1
  }
  failed(error) {
    this.errors.push(error.name)
  }
}
annotate(
  Chat,
  [
    ['opened', H.OnOpen()],
    ['ping', H.OnMessage('2')],
    ['price', H.OnMessage('price')],
    ['failed', H.OnError()],
  ],
  {
    inject: [H.Connection, H.Heartbeat],
    codec: engine,
    route: ['event', 'type'],
    heartbeat: { silence: 45_000 },
    requests: { replyId: ({ type, id }) => (type === '43' ? id : undefined), result: ({ data }) => data },
  },
)
const client = await H.bootstrap(Chat, server.url, { logger: false, reconnect: QUICK })
// An unanswered ping would have ended the connection by now. The events are those of this time span.
await sleep(1_300)
check(
  server.count() === 1 && client.instance.prices >= 2,
  `${server.count()} connection, ${client.instance.prices} events in 1.3 s`,
)
const ack = await client.connection
  .request({ type: '42', data: ['buy', 1] }, { timeout: 500 })
  .catch((error) => error)
check(Array.isArray(ack) && ack[0] === 'ok', `an acknowledged event: ${JSON.stringify(ack)}`)
isHung = true
const begun = performance.now()
await until(() => client.instance.errors.length > 0, 'a heartbeat timeout for the server that hangs', 2_000)
check(
  client.instance.errors[0] === 'HeartbeatTimeoutError',
  `a hanging server detected after ${Math.round(performance.now() - begun)} ms: ${client.instance.errors[0]}`,
)
isHung = false
await until(() => client.connection.state.status === 'open' && connects.length >= 2, 'the second connection')
// A third connection would have arrived by now.
await sleep(500)
check(
  client.connection.state.status === 'open' && connects.length === 2,
  `then ${client.connection.state.status}, connected ${connects.length} times`,
)
await client.close()
end()
