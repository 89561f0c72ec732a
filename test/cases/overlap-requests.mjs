// Requests and waits belong to the link that they were sent on, even during a handover.
import { check, end, scene } from './support.mjs'

{
  let outcome = 'pending'
  const handlersOf = () => ({
    opened: ({ replaces }, { connection }) => {
      if (!replaces) return
      void connection.request({ hello: 1 }).then(
        () => (outcome = 'resolved'),
        (error) => (outcome = `${error.name}: ${error.message}`),
      )
    },
  })
  const { server, clock, connection } = await scene(handlersOf, { requests: {} })
  connection.reconnect({ overlap: true })
  await clock.settle()
  await clock.advance(1_000)
  server.peer.send({ id: JSON.parse(server.peer.received[0]).id, ok: 1 })
  await clock.settle()
  check(outcome === 'resolved', `a request sent on the new link outlives the end of the old one: ${outcome}`)
}

/** Loses a new link while its `@OnOpen` waits, and returns the result of the wait in that turn. */
async function lose(wait) {
  let outcome = 'pending'
  const handlersOf = () => ({
    opened: async ({ replaces }, { connection }) => {
      if (!replaces) return
      try {
        await wait(connection)
        outcome = 'resolved'
      } catch (error) {
        outcome = error.name
        throw error
      }
    },
  })
  const { server, clock, connection } = await scene(handlersOf, { requests: {}, random: () => 0.1 })
  connection.reconnect({ overlap: true })
  await clock.settle()
  server.peer.drop(new Error('reset'))
  await clock.settle()
  return outcome
}

const asked = await lose((connection) => connection.request({ login: 1 }))
check(asked === 'ConnectionLostError', `a request on a new link that is lost before it is ready: ${asked}`)
const waited = await lose((connection) => connection.waitFor(({ hello }) => hello))
check(waited === 'ConnectionLostError', `waitFor in the @OnOpen of a new link that is lost: ${waited}`)

{
  let taken
  const handlersOf = () => ({
    opened: async ({ replaces }, { connection }) => {
      if (replaces) taken = await connection.waitFor(({ type }) => type === 'hello')
    },
  })
  const { server, clock, connection, count } = await scene(handlersOf)
  const old = server.peer
  connection.reconnect({ overlap: true })
  await clock.settle()
  old.send({ type: 'hello', from: 'old' })
  await clock.settle()
  const early = taken
  server.peer.send({ type: 'hello', from: 'new' })
  await clock.settle()
  check(
    early === undefined && taken?.from === 'new' && count('message') === 1,
    `waitFor in the @OnOpen of the new link consumes the message from the ${(early ?? taken)?.from} one; handlers receive ${count('message')}`,
  )
}
end()
