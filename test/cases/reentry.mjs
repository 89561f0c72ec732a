// User code calls connection.reconnect() while a loss is processed (in an abort listener of context.signal, in shouldReconnect or delays, or in
// @OnError for a message that rateLimit delayed). Expected: the connection comes back, close() settles, and nothing is thrown at the process.
import * as H from 'holdfast'
import { check, end, probe, serve, until } from './support.mjs'

const thrown = []
process.on('uncaughtException', (error) => thrown.push(error))
process.on('unhandledRejection', (error) => thrown.push(error))

const live = new Set()
const server = await serve((socket) => {
  live.add(socket)
  socket.on('close', () => live.delete(socket))
})
const OPTIONS = {
  logger: false,
  heartbeat: false,
  reconnect: { initialDelay: 20, maxDelay: 40 },
  closeTimeout: 500,
  drainTimeout: 300,
}

/** Waits for a condition that should be true soon. Returns whether it was. */
const comes = (condition) =>
  until(condition, '', 3_000).then(
    () => true,
    () => false,
  )

const settles = (promise) => {
  let isSettled = false
  void promise.then(() => (isSettled = true))
  return comes(() => isSettled)
}

async function run(name, { handlers = {}, options = {}, before }) {
  thrown.length = 0
  const begun = server.count()
  const { Probe, count } = probe(handlers)
  const client = await H.bootstrap(Probe, server.url, { ...OPTIONS, ...options })
  const { connection } = client
  await before?.(connection)
  const served = count('open')
  for (const socket of live) socket.terminate()
  const isBack = await comes(
    () => connection.state.status === 'open' && count('open') > served && live.size === 1,
  )
  const closes = await settles(client.close())
  const isGone = await comes(() => live.size === 0)
  check(
    isBack && closes && isGone && thrown.length === 0 && count('open') === count('close'),
    `${name}: back ${isBack} after ${server.count() - begun} connections, close() settles: ${closes}, opens ${count('open')}, closes ${count('close')}, uncaught: ${thrown.map(({ message }) => message).join('; ') || 'nothing'}`,
  )
  for (const socket of live) socket.terminate()
  await until(() => live.size === 0, 'no socket is left')
}

/** Calls `reconnect()` the first time that it is called after the connection exists. */
function once() {
  let connection
  return {
    from: (given) => (connection = given),
    reconnect: (options) => {
      connection?.reconnect(options)
      connection = undefined
    },
  }
}

const reconnectsOnAbort = {
  opened: ({ isReconnect }, { connection, signal }) => {
    if (!isReconnect) signal.addEventListener('abort', () => connection.reconnect())
  },
}
await run('abort listener of context.signal', { handlers: reconnectsOnAbort })
await run('reconnect() whose abort listener calls reconnect()', {
  handlers: reconnectsOnAbort,
  before: async (connection) => {
    try {
      connection.reconnect()
    } catch (error) {
      thrown.push(error)
    }
    await comes(() => connection.state.status === 'open' && connection.state.connectionNumber > 1)
  },
})
{
  const user = once()
  const shouldReconnect = () => user.reconnect()
  await run('shouldReconnect', {
    options: { reconnect: { initialDelay: 20, maxDelay: 40, shouldReconnect } },
    before: user.from,
  })
}
{
  const user = once()
  const delays = () => {
    user.reconnect()
    return 20
  }
  await run('delays', { options: { reconnect: { delays } }, before: user.from })
}
{
  const user = once()
  const shouldReconnect = () => {
    throw new Error('mine')
  }
  await run('@OnError of a shouldReconnect that throws', {
    handlers: { failed: ({ message }) => (message === 'mine' ? user.reconnect() : undefined) },
    options: { reconnect: { initialDelay: 20, maxDelay: 40, shouldReconnect } },
    before: user.from,
  })
}
{
  const user = once()
  await run('@OnError for a message that rateLimit delayed', {
    handlers: { failed: (error) => (error instanceof H.MessageDroppedError ? user.reconnect() : undefined) },
    options: { rateLimit: { messages: 2, per: 10_000 } },
    before: (connection) => {
      user.from(connection)
      for (let i = 0; i < 5; i += 1) void connection.sendJson({ i })
    },
  })
}
await run('a loss during a handover', {
  before: async (connection) => {
    connection.reconnect({ overlap: true })
    await until(() => connection.state.connectionNumber === 2, 'the second connection is current')
  },
})

// A url function runs while the candidate of a handover starts.
for (const what of ['reconnect', 'close', 'terminate']) {
  thrown.length = 0
  let calls = 0
  let connection
  const url = () => {
    calls += 1
    if (calls === 2) void connection[what](what === 'reconnect' ? { overlap: true } : undefined)
    return server.url
  }
  const { Probe, count } = probe()
  const client = await H.bootstrap(Probe, url, { ...OPTIONS, reconnect: undefined })
  ;({ connection } = client)
  connection.reconnect({ overlap: true })
  if (what === 'reconnect') {
    await until(
      () => connection.state.connectionNumber === 2 && live.size === 1,
      'the second connection is current',
    )
    void client.close()
  }
  const closes = await settles(client.closed)
  const isGone = await comes(() => live.size === 0)
  check(
    closes && isGone && thrown.length === 0 && count('open') === count('close'),
    `url function calls ${what}() while the candidate starts: closed settles: ${closes}, sockets left ${live.size}, state ${connection.state.status}, uncaught: ${thrown.map(({ message }) => message).join('; ') || 'nothing'}`,
  )
  for (const socket of live) socket.terminate()
  await until(() => live.size === 0, 'no socket is left')
}
end()
