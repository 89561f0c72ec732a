// A heartbeat that rateLimit still delays is still unsent, so its missing reply must not end the connection. Expected: a peer that answers every
// heartbeat is never considered lost.
import { OnError, bootstrap } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { annotate, check, end } from './support.mjs'

const message = () => ({ type: 'ping' })
const isReply = ({ type }) => type === 'pong'
for (const [name, options, work] of [
  ['a quiet client, { messages: 2, per: 60 s }', { rateLimit: { messages: 2, per: 60_000 } }, () => {}],
  [
    'four sends at the start, { messages: 5, per: 60 s } (default reserve 1)',
    { rateLimit: { messages: 5, per: 60_000 } },
    (connection) => {
      for (let i = 0; i < 4; i++) void connection.sendJson({ i })
    },
  ],
  [
    'a beat by message, { messages: 2, per: 60 s }',
    {
      rateLimit: { messages: 2, per: 60_000 },
      heartbeat: { interval: 20_000, timeout: 10_000, message, isReply },
    },
    () => {},
  ],
]) {
  const stages = []
  class Feed {
    failed(_error, context) {
      stages.push(context.stage)
    }
  }
  annotate(Feed, [['failed', OnError()]])
  const server = new MemoryServer()
  const clock = new FakeClock()
  server.onAttempt = (peer) => {
    peer.onMessage = (data) => {
      if (JSON.parse(data).type === 'ping') peer.send({ type: 'pong' })
    }
    peer.accept()
  }
  const starting = bootstrap(Feed, 'ws://x', { logger: false, transport: server.connect, clock, ...options })
  await clock.settle()
  const client = await starting
  work(client.connection)
  await clock.advance(300_000)
  const dead = stages.filter((stage) => stage === 'heartbeat').length
  check(
    dead === 0,
    `${name}: considered lost ${dead} times in 5 minutes, over ${server.peers.length} connections`,
  )
}
end()
