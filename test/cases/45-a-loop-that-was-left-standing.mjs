// Case 45. python-websockets/websockets #771 and #1619, velocity-exchange/protocol-v2 PR 1793. User code reads one message from an iterator and never
// continues. The buffer fills, reading stops, and the feed is silent from then on, while the state is still "open". Expected: a warning names the
// iterator.
import * as H from 'holdfast'
import { annotate, check, end, serve, sleep } from './support.mjs'

const logged = []
const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (text) => logged.push(`${level}: ${text}`)]),
)
const server = await serve((socket) => {
  let i = 0
  const timer = setInterval(() => {
    for (let n = 0; n < 5; n += 1) socket.send(`{"type":"tick","i":${(i += 1)}}`)
  }, 10)
  socket.on('close', () => clearInterval(timer))
})

class Feed {
  constructor(connection) {
    this.connection = connection
    this.count = 0
  }
  opened() {
    this.first = this.connection.messages()
    this.kept = this.first.next()
  }
  tick() {
    this.count += 1
  }
  failed(error) {
    logged.push(`@OnError: ${error.message}`)
  }
}
const roles = [
  ['opened', H.OnOpen()],
  ['tick', H.OnMessage('tick')],
  ['failed', H.OnError()],
]
annotate(Feed, roles, { inject: [H.Connection] })

const client = await H.bootstrap(Feed, server.url, { logger })
await sleep(4_500)
const at = client.instance.count
await sleep(34_000)
const { count } = client.instance
const loud = logged.filter((line) => /^(warn|error|@)/.test(line))
check(
  loud.length > 0 && loud[0].includes('45-a-loop-that-was-left-standing.mjs'),
  `handled ${at} in the first 4.5 s, ${count - at} in the next 34 s; state ${client.connection.state.status}; ` +
    `logged: ${loud.join('; ') || 'nothing'}`,
)
await client.connection.terminate()
end()
