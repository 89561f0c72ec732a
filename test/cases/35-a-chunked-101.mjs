// Case 35. nodejs/node #17789. The 101 response has Transfer-Encoding: chunked (old aiohttp), and the first message arrives in the same segment and
// loses its first byte. Expected: the message is complete, also with a Content-Length and with unusual letter case in header names.
import * as H from 'holdfast'
import { createServer } from 'node:net'
import { createHash } from 'node:crypto'
import { annotate, check, end, sleep, until } from './support.mjs'

const HELLO = Buffer.from('{"type":"hello"}')
const first = Buffer.concat([Buffer.from([0x81, HELLO.length]), HELLO])
let extra = ''
const server = createServer((socket) => {
  socket.on('error', () => undefined)
  socket.once('data', (data) => {
    const accept = createHash('sha1')
      .update(/sec-websocket-key: (.+)\r\n/i.exec(data)[1] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
      .digest('base64')
    const head = `HTTP/1.1 101 Web Socket Protocol Handshake\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, Upgrade\r\n${extra}sec-websocket-accept: ${accept}\r\n\r\n`
    socket.write(Buffer.concat([Buffer.from(head), first]))
    socket.on('data', (bytes) => {
      if ((bytes[0] & 0x0f) === 8) socket.end(Buffer.from([0x88, 0x02, 0x03, 0xe8]))
    })
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
for (const each of ['', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 0\r\n', 'Content-Length: 5\r\n']) {
  extra = each
  class Feed {
    hello() {
      this.has = true
    }
    failed(error) {
      this.error = error.message
    }
  }
  annotate(Feed, [
    ['hello', H.OnMessage('hello')],
    ['failed', H.OnError()],
  ])
  const client = await H.bootstrap(Feed, `ws://127.0.0.1:${server.address().port}/`, {
    logger: false,
    reconnect: { maxAttempts: 1 },
    connectTimeout: 1_000,
  }).catch((error) => error)
  if (!(client instanceof Error)) {
    await until(() => client.instance.has || client.instance.error, 'the first message, or an error')
    // An error after the message would have appeared by now.
    await sleep(50)
  }
  const { has, error } = client.instance ?? {}
  check(
    has === true && error === undefined,
    `${each.trim() || 'plain'}: ${client instanceof Error ? client.message : has ? 'the first message arrived' : `nothing arrived (${error ?? 'no error'})`}`,
  )
  if (!(client instanceof Error)) await client.connection.terminate()
}
end()
