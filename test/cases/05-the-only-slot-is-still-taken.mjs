// Case 05. alpacahq/alpaca-trade-api-csharp #558, alpacahq/alpaca-py #248. Each account may have one connection. After a loss, the server keeps the
// old one for a while, and answers the login of the new one with an error MESSAGE (406) before it closes. Expected: the client retries with growing
// delays, even if the process has just started (a deployment, where the old process still has the slot).
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, until } from './support.mjs'

let heldUntil = 0
const server = await serve((socket) => {
  socket.send(JSON.stringify([{ T: 'success', msg: 'connected' }]))
  socket.on('message', () => {
    if (Date.now() < heldUntil) {
      socket.send(JSON.stringify([{ T: 'error', code: 406, msg: 'connection limit exceeded' }]))
      socket.close(1000)
    } else socket.send(JSON.stringify([{ T: 'success', msg: 'authenticated' }]))
  })
})
class Quotes {
  constructor(connection) {
    this.connection = connection
    this.ready = 0
  }
  async opened() {
    const answer = this.connection.waitFor(({ T, msg }) => T === 'error' || msg === 'authenticated', {
      timeout: 2_000,
    })
    void this.connection.sendJson({ action: 'auth', key: 'k', secret: 's' })
    const { T, code, msg } = await answer
    if (T === 'error') throw new Error(`${code}: ${msg}`)
    this.ready += 1
  }
  quote() {}
  failed() {}
}
annotate(
  Quotes,
  [
    ['opened', H.OnOpen()],
    ['quote', H.OnMessage()],
    ['failed', H.OnError()],
  ],
  { inject: [H.Connection], route: 'T', unpack: (list) => list },
)
const options = { logger: false, reconnect: QUICK }
const client = await H.bootstrap(Quotes, server.url, options)
heldUntil = Date.now() + 700
const before = server.count()
for (const each of server.clients) each.terminate()
await until(() => client.instance.ready === 2, 'the client is back once the slot is free')
const attempts = server.count() - before
check(
  client.connection.state.status === 'open' && attempts > 1,
  `after a loss: ${client.connection.state.status}, ${attempts} attempts in the 0.7 s that the slot was taken`,
)
await client.close()

heldUntil = Date.now() + 500
let asked = 0
const shouldReconnect = () => {
  asked += 1
  return true
}
const started = await H.bootstrap(Quotes, server.url, {
  ...options,
  reconnect: { ...QUICK, shouldReconnect },
}).catch((error) => error)
const isOpen = !(started instanceof Error)
check(
  isOpen && asked > 0,
  `at the first start: bootstrap ${isOpen ? 'resolves' : `rejects with "${started.message}"`}; shouldReconnect was called ${asked} times`,
)
if (isOpen) await started.close()
end()
