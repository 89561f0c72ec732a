// Case 32. twilight-rs/twilight PR 1940, andersfylling/disgord #12, discordjs/discord.js PR 3233. A heartbeat contains the number of the last event
// of ITS connection. Two shards of one class run in one process. Expected: each sends its own number.
import { ClientOption, Module, OnMessage, bootstrap } from 'holdfast'
import { annotate, check, end, serve, until } from './support.mjs'

const wrongBeats = []
let beats = 0
const server = await serve((socket, request) => {
  const base = request.url === '/0' ? 100 : 900
  let s = base
  const timer = setInterval(() => socket.send(JSON.stringify({ op: 0, t: 'EVENT', s: (s += 1) })), 30)
  socket.on('close', () => clearInterval(timer))
  socket.on('message', (data) => {
    const { op, d } = JSON.parse(data)
    if (op !== 1) return
    beats += 1
    if (d !== null && Math.abs(d - s) > 10) wrongBeats.push(`${request.url} got ${d}, is at ${s}`)
    socket.send('{"op":11}')
  })
})

class Shard {
  last = null
  event({ s }) {
    this.last = s
  }
  beat() {
    return { op: 1, d: this.last }
  }
  isReply({ op }) {
    return op === 11
  }
}
const roles = [
  ['event', OnMessage('EVENT')],
  ['beat', ClientOption('heartbeat.message')],
  ['isReply', ClientOption('heartbeat.isReply')],
]
annotate(Shard, roles, { route: 't', heartbeat: { interval: 100, timeout: 1_000 } })
class App {}
const clients = [0, 1].map((number) => ({
  use: Shard,
  name: `shard ${number}`,
  url: `${server.url}${number}`,
}))
Module({ clients })(App)
const app = await bootstrap(App, { logger: false })
await until(() => beats > 10, 'ten heartbeats')
await app.close()
check(
  wrongBeats.length === 0,
  `${beats} heartbeats, ${wrongBeats.length} with the other shard's number (${wrongBeats[0] ?? ''})`,
)
end()
