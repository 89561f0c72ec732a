// Case 41. bmoscon/cryptofeed #613, freqtrade/freqtrade #11821, nautechsystems/nautilus_trader #1339. Connections that were opened together reach
// their maximum age together. A day later, all reopen within one second, and the server responds with 429. Expected: maxAge spreads them
// automatically.
import * as H from 'holdfast'
import { annotate, check, end, serve, until } from './support.mjs'

const COUNT = 40
const AGE = 6_000

const opened = []
const server = await serve(() => opened.push(performance.now()))
class Feed {
  any() {}
  failed() {}
}
annotate(Feed, [
  ['any', H.OnMessage()],
  ['failed', H.OnError()],
])
const options = { logger: false, maxAge: AGE }
const clients = await Promise.all(Array.from({ length: COUNT }, () => H.bootstrap(Feed, server.url, options)))
const before = opened.at(-1) - opened[0]
opened.length = 0
await until(() => opened.length >= COUNT, 'each has been replaced')
const times = opened.slice(0, COUNT)
const spread = Math.max(...times) - Math.min(...times)
check(
  spread > AGE / 20 && spread > 3 * before,
  `opened within ${Math.round(before)} ms, reopened ${AGE} ms later within ${Math.round(spread)} ms`,
)
await Promise.all(clients.map(({ connection }) => connection.terminate()))
end()
