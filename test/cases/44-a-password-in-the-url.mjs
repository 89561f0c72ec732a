// Case 44. websockets/ws #1831, sirn-se/websocket-php #56, theturtle32/WebSocket-Node #448. A password with @, # or / must be percent-encoded in the
// URL, and is sent in that form: 401. Expected: it is decoded, and shown neither in errors nor in the log.
import * as H from 'holdfast'
import { inspect } from 'node:util'
import { annotate, check, end, serve } from './support.mjs'

const auths = []
const server = await serve((socket, request) =>
  auths.push(Buffer.from((request.headers.authorization ?? '').slice(6), 'base64').toString()),
)
class Charger {
  any() {}
  failed() {}
}
annotate(Charger, [
  ['any', H.OnMessage()],
  ['failed', H.OnError()],
])
const client = await H.bootstrap(Charger, server.url.replace('ws://', 'ws://CP%201:p%40s%23s%2Fw%25@'), {
  logger: false,
})
check(auths[0] === 'CP 1:p@s#s/w%', `the server received ${auths[0]}`)
check(!inspect(client.connection).includes('p%40s'), inspect(client.connection))
await client.close()
const error = await H.bootstrap(Charger, 'ws://CP%201:p%40s%23s%2Fw%25@127.0.0.1:9/', {
  logger: false,
  reconnect: false,
}).catch((each) => each)
check(!/p%40s|p@s/.test(inspect(error, { depth: 4 })), error.message)
end()
