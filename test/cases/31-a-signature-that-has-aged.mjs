// Case 31. sieblyio/bybit-api #236 and #5, JKorf/Binance.Net #185. A signed request contains a timestamp that the server accepts for a few seconds
// only. While the connection is down or the rate limit delays the request, the timestamp expires. Expected: signed messages are created when they are
// sent, each time.
import * as H from 'holdfast'
import { annotate, check, end, serve, sleep } from './support.mjs'

const WINDOW = 400
const verdicts = []
const server = await serve((socket) =>
  socket.on('message', (data) => {
    const { id, params } = JSON.parse(data)
    const age = Date.now() - params.timestamp
    verdicts.push(age <= WINDOW ? 'ok' : `-1021 (${age} ms old)`)
    socket.send(JSON.stringify({ id, result: age <= WINDOW }))
  }),
)
class Trade {
  errors = []
  any() {}
  failed(error, { stage }) {
    this.errors.push(`${stage}: ${error.name}`)
  }
}
annotate(
  Trade,
  [
    ['any', H.OnMessage()],
    ['failed', H.OnError()],
  ],
  { requests: { result: ({ result }) => result } },
)
const order = () => ({ method: 'order.place', params: { timestamp: Date.now() } })

/** Calls a function while the connection is down. */
async function asksAway(ask) {
  const reconnect = { delays: [700], initialDelay: 60, minUptime: 50 }
  const client = await H.bootstrap(Trade, server.url, { logger: false, reconnect })
  for (const socket of server.clients) socket.terminate()
  await sleep(50)
  const result = await ask(client.connection).catch((error) => error.name)
  await client.close()
  return result
}
const made = await asksAway((connection) => connection.request(order(), { timeout: 3_000 }))
check(made === false, `created beforehand, it has expired: ${verdicts.at(-1)}`)
const late = await asksAway((connection) => connection.request(order, { timeout: 3_000 }))
check(late === true, `a function creates it when the connection is back: ${verdicts.at(-1)}`)
const sent = await asksAway(async (connection) => {
  const before = verdicts.length
  void connection.sendMessage(() => ({ ...order(), id: 'own' }))
  await connection.whenOpen()
  while (verdicts.length === before) await sleep(5)
  return verdicts.at(-1)
})
check(sent === 'ok', `so does one for sendMessage, after the outbox: ${sent}`)

const client = await H.bootstrap(Trade, server.url, {
  logger: false,
  rateLimit: { messages: 2, per: 700, reserve: 1 },
  heartbeat: false,
})
const { connection } = client
const results = await Promise.all([1, 2, 3].map(() => connection.request(order)))
check(results.join() === 'true,true,true', `delayed by rateLimit: ${verdicts.slice(-3).join()}`)
for (const [what, make] of [
  ['a promise', async () => order()],
  ['nothing', () => undefined],
]) {
  const error = await connection.request(make).catch((rejected) => rejected)
  check(error.name === 'EncodeError', `${what} is rejected: ${error.message}`)
}
check(
  client.instance.errors.join() === 'encode: EncodeError,encode: EncodeError',
  `and reported: ${client.instance.errors.join()}`,
)
await client.close()
end()
