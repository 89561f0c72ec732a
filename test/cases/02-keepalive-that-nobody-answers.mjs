// Case 02. deepgram/deepgram-dotnet-sdk #131, deepgram/deepgram-python-sdk #319. The server requires a text message every few seconds and never
// answers it. It sends nothing during silence, and closes with 1011 if the message is missing. Expected: one connection through a long silence, and a
// dead connection is still detected.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, note, serve, sleep, until } from './support.mjs'

let isHanging = false
const server = await serve(
  (socket) => {
    let timer
    const rearm = () => {
      clearTimeout(timer)
      timer = setTimeout(() => socket.close(1011, 'no audio or text in time'), 600)
    }
    rearm()
    socket.on('message', rearm)
    socket.on('ping', (data) => {
      if (!isHanging) socket.pong(data)
    })
    socket.on('close', () => clearTimeout(timer))
  },
  { autoPong: false },
)

/** Stays silent for a while, and counts the connections. `during` runs before the client is closed. */
const run = async (options, during = () => sleep(2_500)) => {
  class Speech {
    constructor() {
      this.errors = []
    }
    result() {}
    failed(error) {
      this.errors.push(error.name)
    }
  }
  annotate(Speech, [
    ['result', H.OnMessage()],
    ['failed', H.OnError()],
  ])
  const before = server.count()
  const client = await H.bootstrap(Speech, server.url, { logger: false, reconnect: QUICK, ...options })
  const { errors } = client.instance
  await during(errors)
  await client.close()
  return { connections: server.count() - before, errors }
}
const message = () => ({ type: 'KeepAlive' })
const heartbeat = { interval: 200, timeout: 300 }

const judged = await run({ heartbeat: { ...heartbeat, message } })
note(
  `as a heartbeat, it terminates the connection: ${judged.connections} connections, ${judged.errors.length} × ${judged.errors[0]}`,
)
const nothing = await run({ heartbeat })
check(nothing.connections > 1, `without the message: ${nothing.connections} connections`)
for (const [what, periodic] of [
  ['a value', { interval: 200, message: message() }],
  ['a function', { interval: 200, message }],
]) {
  const { connections, errors } = await run({ heartbeat, periodic })
  check(
    connections === 1 && errors.length === 0,
    `periodic with ${what}: ${connections} connection, ${errors.length} errors`,
  )
}
const dead = await run({ heartbeat, periodic: { interval: 200, message } }, async (errors) => {
  isHanging = true
  await until(() => errors.length > 0, 'a heartbeat timeout for the server that hangs', 3_000)
  isHanging = false
})
check(
  dead.errors[0] === 'HeartbeatTimeoutError',
  `and a dead connection is still detected: ${dead.errors[0]}`,
)
end()
