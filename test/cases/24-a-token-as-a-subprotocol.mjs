// Case 24. openhab/openhab-core #4490, veryfront/veryfront-code PR 583, jupyter/enhancement-proposals PR 121. The token is sent in
// Sec-WebSocket-Protocol. It can contain characters that a subprotocol must not contain, and the server may choose none. Expected: the error states
// the problem, and neither it nor any log shows the token.
import * as H from 'holdfast'
import { inspect } from 'node:util'
import { QUICK, annotate, check, end, note, serve } from './support.mjs'

const SECRET = 'c2VjcmV0L3Rva2Vu'
const logged = []
const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (...all) => logged.push(all.map(String).join(' ')),
  ]),
)
const server = await serve(() => undefined, {
  handleProtocols: (protocols, request) => (request.url === '/chooses' ? 'realtime' : false),
})
const run = async (path, protocols) => {
  const seen = []
  class Realtime {
    event() {}
    failed(error, { fatal }) {
      seen.push({ error, fatal })
    }
  }
  annotate(Realtime, [
    ['event', H.OnMessage()],
    ['failed', H.OnError()],
  ])
  const result = await H.bootstrap(Realtime, server.url + path, {
    logger,
    protocols,
    reconnect: { ...QUICK, maxAttempts: 2 },
  }).catch((error) => error)
  const isError = result instanceof Error
  const protocol = isError ? undefined : result.connection.protocol
  if (!isError) await result.close()
  const texts = (error) => [error.message, error.stack, inspect(error, { depth: 5 }), JSON.stringify(error)]
  const shown = [isError ? texts(result) : [], ...seen.map(({ error }) => texts(error)), logged]
    .flat()
    .join('\n')
  return { result, seen, protocol, leaks: shown.includes(SECRET) }
}
const good = await run('chooses', ['realtime', `api-key.${SECRET}`])
check(
  good.protocol === 'realtime' && !good.leaks,
  `a valid token, chosen: ${good.protocol}; leaked: ${good.leaks}`,
)
const none = await run('silent', ['realtime', `api-key.${SECRET}`])
check(
  none.result instanceof Error && !none.leaks,
  `the server chooses none: ${none.seen[0]?.error.name}, fatal ${none.seen[0]?.fatal}; leaked: ${none.leaks}`,
)
const bad = await run('chooses', ['realtime', `api-key.${SECRET}/x==`])
check(
  bad.result instanceof H.StartupError && !bad.leaks,
  `forbidden characters, in a list: ${bad.result.name}; leaked: ${bad.leaks}`,
)
note(bad.result.message)
const given = await run('chooses', () => ['realtime', `api-key.${SECRET}/x==`])
const told = given.seen.map(({ error, fatal }) => `${error.name}${fatal ? ' (fatal)' : ''}: ${error.message}`)
check(
  given.result instanceof H.ConnectOptionError && told.length === 1 && !given.leaks,
  `the same from a function: ${told.join(' | ')}; leaked: ${given.leaks}`,
)
end()
