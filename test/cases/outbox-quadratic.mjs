// The time to flush a large outbox, and to drop its oldest messages, grows linearly with the number of messages, not quadratically.
import * as H from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { annotate, check, end } from './support.mjs'

class Probe {
  received() {}
}
annotate(Probe, [['received', H.OnMessage()]])

/** Fills an outbox of size `n` with a quarter more messages, and connects again. */
async function run(n) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const starting = H.bootstrap(Probe, 'ws://peer.test', {
    logger: false,
    transport: server.connect,
    clock,
    heartbeat: false,
    sendHighWaterMark: 2 ** 40,
    random: () => 0.5,
    outbox: { limit: n, bytes: 2 ** 40, overflow: 'drop-oldest' },
  })
  await clock.settle()
  const client = await starting
  server.onAttempt = () => undefined
  server.peer.drop()
  await clock.settle()

  for (let index = 0; index < n; index += 1) void client.connection.send('x')
  const dropping = performance.now()
  for (let index = 0; index < n / 4; index += 1) void client.connection.send('y')
  const drop = performance.now() - dropping

  await clock.advance(4_000)
  const { peer } = server
  const flushing = performance.now()
  peer.accept()
  await clock.settle()
  return { n, drop, flush: performance.now() - flushing, got: peer.received.length }
}

await run(2_000)
const [a, b] = [await run(20_000), await run(80_000)]
const ratio = (x, y) => y / Math.max(1, x)
for (const { n, drop, flush, got } of [a, b]) {
  const times = `${n / 4} further sends ${Math.round(drop)} ms, flush ${Math.round(flush)} ms`
  check(got === n, `${n} kept: ${times} (${got} sent)`)
}
check(
  ratio(a.flush, b.flush) < 9,
  `4 times as many are flushed in ${ratio(a.flush, b.flush).toFixed(1)} times the time`,
)
check(
  ratio(a.drop, b.drop) < 9,
  `4 times as many are dropped in ${ratio(a.drop, b.drop).toFixed(1)} times the time`,
)
end()
