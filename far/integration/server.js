// The server of the integration tests, under Node.js. Each path behaves differently. The first line of output contains its ports.
import { createHash } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { WebSocketServer } from 'ws'
import { SELF_SIGNED } from '../../.build/test/support/self-signed.js'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

function acceptOf(request) {
  return createHash('sha1')
    .update(request.headers['sec-websocket-key'] + GUID)
    .digest('base64')
}

function upgrade(request, socket, { accept = acceptOf(request), headers = [] } = {}) {
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`, ...headers]
  socket.write(['HTTP/1.1 101 Switching Protocols', ...lines, '', ''].join('\r\n'))
}

function refuse(socket, status, body = '', headers = []) {
  const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, 'Connection: close', ...headers]
  socket.end([...lines, '', body].join('\r\n'))
}

/** Sends a greeting, and calls `next` once the client has answered, which proves that it is ready. */
function afterHello(request, socket, next) {
  upgrade(request, socket)
  socket.write(frame(0x81, '{"type":"hello"}'))
  socket.once('data', () => next())
}

function frame(opcode, payload) {
  const bytes = Buffer.from(payload)
  const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff]
  return Buffer.concat([Buffer.from([opcode, ...length]), bytes])
}

/** Paths that misbehave. */
const RAW = {
  '/wrong-accept': (request, socket) => upgrade(request, socket, { accept: 'AAAA' }),
  '/wrong-subprotocol': (request, socket) =>
    upgrade(request, socket, { headers: ['Sec-WebSocket-Protocol: other'] }),
  '/wrong-extension': (request, socket) =>
    upgrade(request, socket, { headers: ['Sec-WebSocket-Extensions: permessage-deflate'] }),
  '/forbidden': (request, socket) => refuse(socket, '403 Forbidden', 'no such key', ['X-Reason: key']),
  '/redirected': (request, socket) => refuse(socket, '302 Found', '', ['Location: /elsewhere']),
  '/silent': () => undefined,
  '/reset': (request, socket) => afterHello(request, socket, () => socket.resetAndDestroy()),
  '/fragments': (request, socket) =>
    afterHello(request, socket, () => {
      socket.write(frame(0x01, 'a'))
      for (let count = 0; count < 100; count += 1) socket.write(frame(0x00, 'a'))
    }),
  '/too-long': (request, socket) =>
    afterHello(request, socket, () => socket.write(frame(0x81, 'x'.repeat(2_000)))),
  '/no-utf-8': (request, socket) =>
    afterHello(request, socket, () => socket.write(frame(0x81, Buffer.from([0xff, 0xfe])))),
  '/half-open': (request, socket) => afterHello(request, socket, () => undefined),
}

/** Serves a client correctly. */
function serve(socket, request) {
  socket.on('error', () => undefined)
  const say = (message) => socket.send(JSON.stringify(message))
  const answers = {
    echo: (message) =>
      say({ ...message, type: 'echoed', headers: request.headers, extensions: socket.extensions }),
    burst: ({ count }) => {
      for (let number = 1; number <= count; number += 1) say({ type: 'number', number })
    },
    drop: () => socket.terminate(),
    leave: ({ code, reason }) => socket.close(code, reason),
    ping: () => socket.ping('who is there', false, () => undefined),
    ask: ({ id, value }) => say({ type: 'answer', id, value: value * 2 }),
    mute: () => undefined,
  }
  socket.on('pong', (data) => say({ type: 'ponged', data: data.toString() }))
  socket.on('message', (data, isBinary) => {
    if (isBinary) return socket.send(data)
    const message = JSON.parse(data.toString())
    answers[message.type]?.(message)
  })
  say({ type: 'hello' })
}

function listen(server) {
  const plain = new WebSocketServer({ noServer: true })
  const compressing = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined)
    const raw = RAW[request.url]
    if (raw) return raw(request, socket)
    const chosen = request.url === '/compressed' ? compressing : plain
    chosen.handleUpgrade(request, socket, head, (opened) => serve(opened, request))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
}

const ports = [await listen(createHttpServer()), await listen(createHttpsServer(SELF_SIGNED))]
console.log(ports.join(' '))
process.stdin.on('end', () => process.exit()).resume()
