// Case 33. espressif/esp-protocols #715, AsyncHttpClient/async-http-client #1117. The load balancer sets a cookie in the 101 response. A client that
// does not return it is routed to another backend, which does not have the session. Expected: a cookie jar keeps it, and sends it with the next attempt.
import * as H from 'holdfast'
import { CookieJar } from 'tough-cookie'
import { QUICK, annotate, check, end, note, serve, sleep, until } from './support.mjs'

const received = []
const server = await serve(() => undefined)
server.on('headers', (headers, request) => {
  received.push(request.headers.cookie)
  headers.push('Set-Cookie: AWSALB=b7; Path=/; HttpOnly', 'Set-Cookie: other=1')
})
const jar = new CookieJar()
const cookies = {
  get: (url) => jar.getCookieString(url), // 1
  set: (url, setCookie) => Promise.all(setCookie.map((each) => jar.setCookie(each, url))), // 2
}
class Feed {
  any() {}
}
annotate(Feed, [['any', H.OnMessage()]], { cookies }) // 3
const client = await H.bootstrap(Feed, server.url, { logger: false, reconnect: QUICK })
for (const socket of server.clients) socket.terminate()
await until(() => received.length >= 2, 'the second attempt')
// A third attempt would have arrived by now.
await sleep(300)
check(
  received.join(' | ') === ' | AWSALB=b7; other=1',
  `cookies of the attempts: ${received.map((each) => each ?? 'none').join(' | ')}`,
)
note('3 lines with tough-cookie, which handles expiry, path and domain')
await client.close()
end()
