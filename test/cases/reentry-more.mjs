// User code calls the connection from option functions, abort listeners, handlers of states and ends, the codec, the route and the logger. Expected:
// each call takes effect, no socket and no promise is left, and nothing is thrown at the process. Recursive calls do not flood the server.
import { check, end, scene } from './support.mjs'

const thrown = []
process.on('uncaughtException', (error) => thrown.push(error))
process.on('unhandledRejection', (error) => thrown.push(error))

const TIMES = { closeTimeout: 5_000, drainTimeout: 5_000, random: () => 0.5 }

/** Lets time pass, and checks that the connection has ended and released everything. */
async function ends(name, { server, clock, connection, count }, within = 5_000) {
  let isClosed = false
  void connection.closed.then(() => (isClosed = true))
  await clock.advance(within)
  const left = server.peers.filter(({ isEnded }) => !isEnded).length
  check(
    isClosed && left === 0 && clock.timers === 0 && count('open') === count('close') && thrown.length === 0,
    `${name}: ${connection.state.status}, ${count('open')} x @OnOpen, ${count('close')} x @OnClose, sockets left ${left}, timers left ${clock.timers}, uncaught: ${thrown.splice(0).join('; ') || 'nothing'}`,
  )
}

/** Checks that the connection is open on one socket, and how many connections there were in this many seconds. */
async function staysOpen(name, made, seconds, highest) {
  const { server, clock, connection } = made
  await clock.advance(seconds * 1_000)
  const before = server.peers.length
  check(
    before <= highest && thrown.length === 0,
    `${name}: ${before} connections in ${seconds} s, ${highest} allowed; uncaught: ${thrown.splice(0).join('; ') || 'nothing'}`,
  )
  void connection.close()
  await ends(`${name}, then close()`, made)
}

for (const what of ['end', 'close', 'terminate']) {
  let calls = 0
  let connection
  const url = () => {
    calls += 1
    if (calls === 2) void connection[what]()
    return 'ws://peer.test'
  }
  const made = await scene(undefined, { ...TIMES, url })
  ;({ connection } = made)
  connection.reconnect({ overlap: true })
  if (what === 'end') made.server.peers[0].close()
  await ends(`url function of a candidate calls ${what}()`, made)
}

for (const what of ['close', 'terminate']) {
  const made = await scene(undefined, TIMES)
  const { connection } = made
  connection.signal.addEventListener('abort', () => void connection[what]())
  void connection.close(1001, 'bye')
  await ends(`abort listener of connection.signal calls ${what}()`, made)
}

for (const what of ['close', 'terminate']) {
  let connection
  const handlers = {
    changed: ({ status }) => {
      if (status === 'waiting') void connection[what]()
    },
  }
  const made = await scene(() => handlers, TIMES)
  ;({ connection } = made)
  made.server.peer.drop(new Error('reset'))
  await ends(`@OnStateChange(waiting) calls ${what}()`, made)
}

{
  let refused
  let connection
  const handlers = {
    changed: ({ status }) => {
      if (status !== 'closing') return
      try {
        connection.reconnect()
      } catch (error) {
        refused = error.name
      }
    },
  }
  const made = await scene(() => handlers, TIMES)
  ;({ connection } = made)
  void connection.close()
  await ends('@OnStateChange(closing) calls reconnect()', made)
  check(refused === 'ConnectionClosedError', `it is rejected: ${refused}`)
}

{
  let connection
  const made = await scene(() => ({ failed: () => void connection.close() }), TIMES)
  ;({ connection } = made)
  made.server.peer.drop(new Error('reset'))
  await ends('@OnError of a loss calls close()', made)
}

{
  let connection
  const shouldReconnect = () => {
    void connection.terminate()
    return true
  }
  const made = await scene(undefined, { ...TIMES, reconnect: { shouldReconnect } })
  ;({ connection } = made)
  made.server.peer.drop(new Error('reset'))
  await ends('shouldReconnect calls terminate(), and wants to go on', made)
}

{
  let refused
  let connection
  const handlers = {
    closing: async () => {
      refused = await connection.end({ bye: 1 }).catch((error) => error.name)
    },
  }
  const made = await scene(() => handlers, TIMES)
  ;({ connection } = made)
  void connection.close()
  await ends('@OnClosing calls end()', made)
  check(refused === 'ConnectionClosedError', `it is rejected: ${refused}`)
}

{
  const made = await scene(
    () => ({
      opened: (open, { connection, signal }) =>
        signal.addEventListener('abort', () => void connection.terminate()),
    }),
    TIMES,
  )
  made.server.peer.drop(new Error('reset'))
  await ends('abort listener of context.signal calls terminate()', made)
}

{
  let connection
  const wait = ({ connection: own }) => own.waitFor(() => void connection.close()).catch(() => undefined)
  const made = await scene(() => ({ opened: (open, context) => void wait(context) }), TIMES)
  ;({ connection } = made)
  made.server.peer.send({ i: 1 })
  await ends('the match of waitFor() calls close()', made)
}

for (const what of ['codec', 'route']) {
  let connection
  const codec = {
    encode: JSON.stringify,
    decode: (data) => {
      void connection.close()
      return JSON.parse(data)
    },
  }
  const route = () => {
    connection.reconnect()
    void connection.close()
    return 'key'
  }
  const made = await scene(undefined, { ...TIMES, ...(what === 'codec' ? { codec } : { route }) })
  ;({ connection } = made)
  for (let i = 0; i < 3; i += 1) made.server.peer.send({ i })
  await ends(`the ${what} calls close()`, made)
}

{
  let connection
  const log = () => void connection?.close()
  const logger = { debug: log, info: log, warn: log, error: log }
  const failed = () => {
    throw new Error('mine')
  }
  const made = await scene(() => ({ failed }), { ...TIMES, logger })
  ;({ connection } = made)
  made.server.peer.drop(new Error('reset'))
  await ends('the logger calls close()', made)
}

{
  let connection
  const made = await scene(
    () => ({ closed: () => connection.state.status === 'closed' || tryTo(() => connection.reconnect()) }),
    TIMES,
  )
  ;({ connection } = made)
  made.server.onAttempt = (peer) => {
    peer.accept()
    queueMicrotask(() => peer.drop(new Error('reset')))
  }
  made.server.peer.drop(new Error('reset'))
  await staysOpen('@OnClose calls reconnect(), and the server drops every link', made, 60, 35)
}

{
  const made = await scene(() => ({ message: (value, { connection }) => connection.reconnect() }), TIMES)
  made.server.onAttempt = (peer) => {
    peer.accept()
    peer.send({ i: 1 })
  }
  made.server.peer.send({ i: 1 })
  await staysOpen(
    'a handler calls reconnect() on every message, and every link begins with one',
    made,
    60,
    35,
  )
}

{
  let connection
  const made = await scene(
    () => ({ opened: () => tryTo(() => connection?.reconnect({ overlap: true })) }),
    TIMES,
  )
  ;({ connection } = made)
  connection.reconnect({ overlap: true })
  await staysOpen('@OnOpen calls reconnect({ overlap: true }) each time', made, 60, 35)
}

/** Calls a function that can be rejected once the connection is closing. */
function tryTo(call) {
  try {
    call()
  } catch (error) {
    if (error.name !== 'ConnectionClosedError') throw error
  }
}
end()
