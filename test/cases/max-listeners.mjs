// context.signal can be used by everything that handlers start, many at once, without a leak warning from Node.
import * as H from 'holdfast'
import { MemoryServer } from 'holdfast/testing'
import { annotate, check, end, sleep, until } from './support.mjs'

const warnings = []
process.on('warning', ({ message }) => warnings.push(message))

let ended = 0
class Answers {
  async *answer(message, { connection, signal }) {
    const ends = () => void (ended += 1)
    const waits = connection.waitFor(() => false, { signal }).then(ends, ends)
    const asks = connection.request({ ask: message.i }, { signal }).then(ends, ends)
    const reads = connection.messages({ signal }).next().then(ends, ends)
    await Promise.all([waits, asks, reads])
    yield { ok: message.i }
  }
}
annotate(Answers, [['answer', H.OnMessage()]])

const server = new MemoryServer()
const options = { transport: server.connect, heartbeat: false, concurrency: 20, logger: false }
const client = await H.bootstrap(Answers, 'ws://peer.test', options)
for (let i = 0; i < 20; i += 1) server.peer.send({ i })
await until(() => server.peer.received.length === 20, 'every handler has started')
await client.close()
await until(() => ended === 60, 'everything that they waited for has ended')
// Node emits its warnings in a later turn.
await sleep(10)
check(
  warnings.length === 0,
  `20 handlers that return a stream, each waiting, requesting and reading until context.signal: ${warnings[0] ?? 'no warning'}`,
)
end()
