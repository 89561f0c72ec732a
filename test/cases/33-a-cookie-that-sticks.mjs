// Case 33. espressif/esp-protocols #715, AsyncHttpClient/async-http-client #1117. The load balancer sets a cookie in the 101 response. A client that
// does not return it is routed to another backend, which does not have the session. Expected: the cookie can be read, and sent with the next attempt.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, note, serve, sleep, until } from './support.mjs'

const cookies = []
const server = await serve(() => undefined)
server.on('headers', (headers, request) => {
  cookies.push(request.headers.cookie)
  headers.push('Set-Cookie: AWSALB=b7; Path=/; HttpOnly', 'Set-Cookie: other=1')
})
let cookie // 1
class Feed {
  opened({ headers }) {
    cookie = headers['set-cookie']?.map((each) => each.split(';')[0]).join('; ')
  } // 2
  any() {}
}
annotate(
  Feed,
  [
    ['opened', H.OnOpen()],
    ['any', H.OnMessage()],
  ],
  { headers: () => ({ cookie }) },
) // 3
const client = await H.bootstrap(Feed, server.url, { logger: false, reconnect: QUICK })
for (const socket of server.clients) socket.terminate()
await until(() => cookies.length >= 2, 'the second attempt')
// A third attempt would have arrived by now.
await sleep(300)
check(
  cookies.join(' | ') === ' | AWSALB=b7; other=1',
  `cookies of the attempts: ${cookies.map((each) => each ?? 'none').join(' | ')}`,
)
note("3 lines; no cookie jar: expiry, path and domain are the user's responsibility")
await client.close()
end()
