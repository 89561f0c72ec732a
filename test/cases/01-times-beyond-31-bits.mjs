// Case 01. rynfar/meridian #515, fluent/fluent-logger-forward-node #44, feathersjs/feathers #1546. A timer above 2^31-1 ms fires immediately, so an
// action that should wait a month runs in a hot loop. Expected: it waits, or an error is reported before anything connects. It never fires
// immediately, and Node prints no warning.
import * as H from 'holdfast'
import { annotate, check, end, serve, sleep, until } from './support.mjs'

const warnings = []
process.on('warning', (warning) => warnings.push(warning.name))
const MONTH = 31 * 86_400_000
const server = await serve((socket) => socket.on('message', () => undefined))

class Feed {
  seen() {}
}
annotate(Feed, [['seen', H.OnMessage()]])
const outcome = async (options) => {
  const before = server.count()
  try {
    const client = await H.bootstrap(Feed, server.url, { logger: false, ...options })
    // No timer may fire during this time. If it did, it would replace the connection.
    await sleep(400)
    await client.close()
    return { opened: server.count() - before }
  } catch (error) {
    return { error }
  }
}
const age = await outcome({ maxAge: MONTH })
check(
  age.error instanceof H.StartupError || age.opened === 1,
  `maxAge of 31 days: ${age.error?.message.split('\n')[2]?.trim() ?? age.opened + ' connection'}`,
)
const beat = await outcome({ heartbeat: { interval: MONTH } })
check(
  beat.error instanceof H.StartupError || beat.opened === 1,
  `heartbeat.interval of 31 days: ${beat.error ? 'reported before connecting' : beat.opened}`,
)

let accepted = 0
let dropped = 0
const dropping = await serve((socket) => {
  accepted += 1
  socket.on('close', () => (dropped += 1))
})
for (const [what, reconnect] of [
  ['shouldReconnect', { shouldReconnect: () => MONTH }],
  ['delays', { delays: () => 1e12 }],
]) {
  accepted = dropped = 0
  const client = await H.bootstrap(Feed, dropping.url, { logger: false, reconnect })
  for (const socket of dropping.clients) socket.close(1012)
  await until(() => dropped === 1, 'the connection is dropped')
  // No delay may end during this time. If it did, the client would connect again.
  await sleep(800)
  check(
    accepted === 1,
    `${what} returned a month: ${accepted} connection(s) in 0.8 s, state ${client.connection.state.status}`,
  )
  await client.close()
}
const client = await H.bootstrap(Feed, server.url, { logger: false })
const settled = []
const watch = (name, promise) =>
  promise.then(
    () => settled.push(name),
    (error) => settled.push(`${name}: ${error.name}`),
  )
watch('request', client.connection.request({ op: 'x' }, { timeout: MONTH }))
watch(
  'waitFor',
  client.connection.waitFor(() => false, { timeout: MONTH }),
)
// No timeout may fire during this time. If it did, it would settle them.
await sleep(300)
check(
  settled.length === 0,
  `request and waitFor with a timeout of a month are still pending: ${settled.join(', ') || 'yes'}`,
)
check(warnings.length === 0, `no warning from Node: ${warnings.join(', ') || 'none'}`)
await client.close()
end()
