// Case 25. Teekeks/pyTwitchAPI #286 and PR 310, twitch-rs/twitch_api #501. The server sends a URL to move to. The old socket must stay until the
// server has welcomed the new one. Subscriptions move along and must not be created again. Later reconnects use the first URL. Expected: no event is
// lost, each is handled once, nothing is subscribed twice, and there is no close code 4007.
import { ClientOption, Connection, OnError, OnMessage, OnOpen, bootstrap } from 'holdfast'
import { QUICK, annotate, check, end, serve, sleep, until } from './support.mjs'

let session = 0
const subscribed = new Set()
const log = []
let isMoved = false
const server = await serve((socket, request) => {
  const from = new URL(request.url, 'ws://x').searchParams.get('from')
  if (from && !isMoved) {
    log.push('4007')
    return socket.close(4007, 'Invalid reconnect')
  }
  const id = `s${(session += 1)}`
  log.push(from ? `welcome to ${id} from ${from}` : `welcome to ${id}`)
  socket.id = id
  if (from) subscribed.add(id)
  const welcome = { metadata: { message_type: 'session_welcome' }, payload: { session: { id } } }
  setTimeout(() => socket.send(JSON.stringify(welcome)), 40)
  if (from) isMoved = false
})
const subscribe = async (id) => {
  log.push(`subscribe ${id}`) // over REST, as in the Twitch API
  subscribed.add(id)
}
let number = 0
const emit = () => {
  number += 1
  const metadata = { message_type: 'notification', message_id: `m${number}` }
  const text = JSON.stringify({ metadata, payload: { number } })
  for (const socket of server.clients) if (subscribed.has(socket.id)) socket.send(text)
}
const timer = setInterval(emit, 15)

class EventSub {
  seen = new Set()
  numbers = []
  constructor(connection) {
    this.connection = connection
  }
  url(attempt) {
    return this.next ?? attempt.url
  }
  async opened({ replaces }) {
    const isWelcome = (message) => message.metadata.message_type === 'session_welcome'
    const { payload } = await this.connection.waitFor(isWelcome, { timeout: 1_000 })
    this.next = undefined
    if (replaces === undefined) await subscribe(payload.session.id)
  }
  move({ payload }) {
    this.next = payload.session.reconnect_url
    this.connection.reconnect({ overlap: true })
  }
  notified({ metadata, payload }) {
    if (this.seen.has(metadata.message_id)) return // sent to both sockets while there are two
    this.seen.add(metadata.message_id)
    this.numbers.push(payload.number)
  }
  failed() {}
}
const roles = [
  ['url', ClientOption('url')],
  ['opened', OnOpen()],
  ['move', OnMessage('session_reconnect')],
  ['notified', OnMessage('notification')],
  ['failed', OnError()],
]
annotate(EventSub, roles, { inject: [Connection], route: 'metadata.message_type', url: server.url })
const client = await bootstrap(EventSub, { logger: false, reconnect: QUICK })
const { numbers } = client.instance
await until(() => numbers.length > 3, 'the first events')
// The connection is old enough for a handover to start immediately.
await sleep(200)
isMoved = true
const [old] = server.clients
const reconnect_url = `${server.url}?from=${old.id}`
const moving = {
  metadata: { message_type: 'session_reconnect' },
  payload: { session: { id: old.id, reconnect_url } },
}
old.send(JSON.stringify(moving))
await until(() => log.length > 2 && server.clients.size === 1, 'the move')
const moved = numbers.length
await until(() => numbers.length > moved + 3, 'events after the move')
const between = numbers.slice()
check(log.join('; ') === 'welcome to s1; subscribe s1; welcome to s2 from s1', log.join('; '))
const [first] = between
const isComplete = between.every((each, index) => each === first + index)
check(isComplete, `no event lost, each once: ${first} to ${between.at(-1)}, ${between.length} events`)
for (const socket of server.clients) socket.terminate()
await until(() => log.length > 4, 'the next session')
check(log.slice(3).join('; ') === 'welcome to s3; subscribe s3', `after a loss: ${log.slice(3).join('; ')}`)
clearInterval(timer)
await client.close()
end()
