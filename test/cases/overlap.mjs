// A handover opens the new connection first. Anything that becomes due while it is busy is kept, closing is bounded, and the old connection is closed
// gracefully.
import { check, end, scene } from './support.mjs'

const hangs = () => ({ message: ({ hang }) => (hang ? new Promise(() => {}) : undefined) })
const TIMES = { closeTimeout: 5_000, drainTimeout: 30_000 }

{
  const { server, clock, connection } = await scene(hangs, TIMES)
  server.peer.isAlive = false
  server.peer.send({ hang: 1 })
  await clock.settle()
  connection.reconnect({ overlap: true })
  await clock.settle()
  const begun = clock.now()
  let took
  void connection.closed.then(() => (took = clock.now() - begun))
  void connection.close()
  for (let i = 0; i < 60; i += 1) await clock.advance(250)
  check(
    took <= 5_000,
    `close() during a handover (old handler hangs, old peer mute) within closeTimeout 5000: ${took} ms`,
  )
}

{
  const { server, clock } = await scene(hangs, { ...TIMES, maxAge: 20_000 })
  server.peer.send({ hang: 1 })
  await clock.advance(300_000)
  check(
    server.peers.length >= 8,
    `maxAge 20 s that comes due during a handover of 30 s is kept: ${server.peers.length} connections in 300 s`,
  )
}

{
  let fails = true
  const handlersOf = (clock) => ({
    opened: ({ replaces }) => {
      if (!replaces || !fails) return
      fails = false
      throw new Error('not yet')
    },
    closed: () => new Promise((resolve) => clock.setTimeout(resolve, 100)),
  })
  const { server, clock, connection } = await scene(handlersOf, { ...TIMES, random: () => 0 })
  connection.reconnect({ overlap: true })
  await clock.advance(120_000)
  check(
    server.peers.length >= 3,
    `a handover whose first attempt failed is retried, however long the end of that attempt takes: ${server.peers.length - 1} attempts in 120 s, open: connection ${connection.state.connectionNumber}`,
  )
}

{
  const handlersOf = (clock) => ({
    message: ({ slow }) => (slow ? new Promise((resolve) => clock.setTimeout(resolve, 5_000)) : undefined),
  })
  const { server, clock, connection } = await scene(handlersOf, TIMES)
  server.peer.send({ slow: 1 })
  await clock.settle()
  connection.reconnect({ overlap: true })
  await clock.settle()
  connection.reconnect({ overlap: true })
  await clock.advance(60_000)
  check(
    server.peers.length === 3,
    `reconnect({ overlap: true }) called on the new connection during the handover runs after it: ${server.peers.length} connections`,
  )
}

{
  const { server, clock, connection, seen, count } = await scene(undefined, {
    ...TIMES,
    heartbeat: undefined,
  })
  connection.messages({ highWaterMark: 4 })
  for (let i = 0; i < 20; i += 1) server.peer.send({ i })
  await clock.settle()
  const begun = clock.now()
  connection.reconnect({ overlap: true })
  await clock.settle()
  for (let i = 0; i < 60 && count('close') === 0; i += 1) await clock.advance(250)
  const close = seen.find(({ kind }) => kind === 'close')?.close
  check(
    close?.wasClean && clock.now() - begun < 1_000,
    `a paused old connection is read again in order to be closed: after ${clock.now() - begun} ms, code ${close?.code}, wasClean ${close?.wasClean}`,
  )
}
end()
