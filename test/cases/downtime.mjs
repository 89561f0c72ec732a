// OpenInfo.downtime is the time without a connection, including failed attempts.
import { check, end, scene } from './support.mjs'

const { server, clock, seen } = await scene(undefined, { reconnect: { delays: [10_000] } })
await clock.advance(60_000)
let refusals = 3
server.onAttempt = (peer) => (refusals-- > 0 ? peer.refuse() : peer.accept())
server.peer.drop()
await clock.advance(100_000)
const { open } = seen.findLast(({ kind }) => kind === 'open')
check(
  open.isReconnect && open.downtime >= 39_000,
  `lost, three rejected attempts, open again after 40000 ms: downtime ${open.downtime}`,
)
end()
