// Case 06. yagudaev/voiceclaw PR 66, websocket-client/websocket-client #890, massive-com/client-python #818. After minutes of service, the server
// closes with 1007 (also seen: 1002, 1003, 1009), and the client stops for good. Expected: the connection ends, and a fatal error is reported before
// @OnClose. shouldReconnect can override this.
import * as H from 'holdfast'
import { QUICK, annotate, check, end, serve, until } from './support.mjs'

const server = await serve((socket, request) => {
  // The server closes an established connection.
  setTimeout(() => socket.close(Number(request.url.slice(1, 5)), 'invalid argument'), 50)
})
for (const code of [1007, 1009, 1002, 1003]) {
  const order = []
  class Voice {
    said() {}
    failed(error, { fatal, stage }) {
      order.push(`${error.name} (${stage}${fatal ? ', fatal' : ''})`)
    }
    closed() {
      order.push('closed')
    }
  }
  annotate(Voice, [
    ['said', H.OnMessage()],
    ['failed', H.OnError()],
    ['closed', H.OnClose()],
  ])
  const client = await H.bootstrap(Voice, server.url + code, { logger: false, reconnect: QUICK })
  await until(() => client.connection.state.status === 'closed', 'the connection has ended')
  check(
    order.join() === 'ConnectionLostError (close, fatal),closed',
    `closed with ${code} by the server: ${order.join(', ')}`,
  )
}

class Voice {
  said() {}
}
annotate(Voice, [['said', H.OnMessage()]])
const shouldReconnect = ({ code }) => (code === 1007 ? true : undefined)
const before = server.count()
const client = await H.bootstrap(Voice, `${server.url}1007`, {
  logger: false,
  reconnect: { ...QUICK, shouldReconnect },
})
await until(() => server.count() - before >= 3, 'shouldReconnect overrides it')
check(true, `with shouldReconnect: ${server.count() - before} connections`)
await client.connection.terminate()
end()
