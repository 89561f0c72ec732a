// Case 39. websocket-client/websocket-client #895, OpenCTI-Platform/opencti #2482, DoctorMcKay/node-steam-tradeoffer-manager #166. The token was read
// from a file and ends with a line feed. Expected: a start-up error that names the header. If a function returns the token, the error is fatal
// immediately, names the function, and is not retried. The token itself is shown nowhere.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve } from './support.mjs'

const TOKEN = 'tok-5d0c\n'
const server = await serve(() => undefined)
const run = async (headers) => {
  const seen = []
  class Feed {
    any() {}
    failed(error, { fatal }) {
      seen.push(`${error.name}${fatal ? ' (fatal)' : ''}: ${error.message}`)
    }
  }
  annotate(Feed, [
    ['any', H.OnMessage()],
    ['failed', H.OnError()],
  ])
  const abort = new AbortController()
  setTimeout(() => abort.abort(new Error('bootstrap still tries after 1.2 s')), 1_200)
  const outcome = await H.bootstrap(Feed, server.url, {
    logger: false,
    headers,
    reconnect: QUICK,
    signal: abort.signal,
  }).catch((error) => error)
  return { outcome, seen }
}
const fixed = await run({ authorization: `Bearer ${TOKEN}` })
check(
  fixed.outcome instanceof H.StartupError && fixed.outcome.message.includes('authorization'),
  `in an object: ${fixed.outcome.name}: ${fixed.outcome.message}; ${fixed.seen.length} x ${fixed.seen[0] ?? 'no error'}`,
)
const given = await run(() => ({ authorization: `Bearer ${TOKEN}` }))
check(
  given.seen.length === 1 && given.seen[0].startsWith('ConnectOptionError (fatal)'),
  `from a function: ${given.outcome.message.slice(0, 60)}; ${given.seen.length} x ${given.seen[0]}`,
)
const shown = [...fixed.seen, ...given.seen, fixed.outcome.message, given.outcome.message].join()
check(!shown.includes('tok-5d0c'), 'the token is shown nowhere')
end()
