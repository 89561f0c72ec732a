// Case 09. discord/discord-api-docs #1619, discordeno/discordeno PR 3907. For a minute and a half, the server resets each attempt to resume (1006),
// while a fresh login would succeed. Expected: after two failed attempts to resume, the client logs in again.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

const seen = []
const server = await serve((socket, request, number) => {
  socket.send('{"op":10}')
  socket.on('message', (data) => {
    const { op } = JSON.parse(data)
    seen.push(op === 6 ? 'resume' : 'identify')
    if (op === 6) socket._socket.resetAndDestroy()
    else socket.send(JSON.stringify({ op: 0, t: 'READY', s: 1, d: { session_id: `s${number}` } }))
    // This test is about time: the first session outlasts `minUptime`.
    if (seen.length === 1) setTimeout(() => socket.terminate(), 200)
  })
})
class Gateway {
  constructor(connection) {
    this.connection = connection
    this.vain = 0
  }
  async opened() {
    if (this.vain >= 2) this.session = undefined // 1
    this.vain += 1 // 2
    await this.connection.waitFor(({ op }) => op === 10, { timeout: 1_000 })
    const isOurs = this.connection.waitFor(({ t }) => t === 'READY' || t === 'RESUMED', { timeout: 1_000 })
    void this.connection.sendJson(
      this.session ? { op: 6, d: { session_id: this.session, seq: 1 } } : { op: 2, d: {} },
    )
    const { t, d } = await isOurs
    this.vain = 0 // 3
    if (t === 'READY') this.session = d.session_id
  }
  event() {}
  failed() {}
}
annotate(
  Gateway,
  [
    ['opened', H.OnOpen()],
    ['event', H.OnMessage()],
    ['failed', H.OnError()],
  ],
  { inject: [H.Connection], route: 't' },
)
const client = await H.bootstrap(Gateway, server.url, { logger: false, reconnect: QUICK })
await until(() => seen.length >= 4, 'the fourth login')
await until(() => client.connection.state.status === 'open', 'the session after the fourth login')
// No fifth login may arrive during this time.
await sleep(800)
check(
  seen.join(' ') === 'identify resume resume identify',
  `with 3 lines of user code: ${seen.join(' ')}; ${client.connection.state.status}`,
)
await client.close()
end()
