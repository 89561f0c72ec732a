// The server of all clients, in a separate process. The path selects its behavior: /flood sends the requested messages, /sink counts
// messages, /echo sends them back, and /pings returns the number of pings on all connections.
import { createHash } from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import { fold, hashBytes } from '../payloads.js'
import { selfSigned } from '../certificate.js'
import { dialectOf } from './dialects.js'
import { flood, framesOf } from './flood.js'
import { BINARY, CLOSE, FrameReader, PING, PONG, TEXT, encodeFrame, unmask } from './frames.js'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Number of ports. Ten thousand connections, several times in a row, need more address pairs than one port has. */
const PORTS = 8

let pings = 0

/** Answers the opening handshake and then each frame. */
function accept(socket) {
  let head = ''
  const readHead = (chunk) => {
    head += chunk.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    socket.off('data', readHead)
    upgrade(socket, head)
  }
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', readHead)
}

function headerOf(head, name) {
  return new RegExp(`^${name}: *(.+?) *$`, 'im').exec(head)?.[1]
}

function upgrade(socket, head) {
  const url = new URL(head.split(' ', 2)[1], 'ws://bench')
  const protocol = headerOf(head, 'sec-websocket-protocol')
  const isCompressed = url.searchParams.has('deflate')
  const accepted = createHash('sha1').update(headerOf(head, 'sec-websocket-key') + GUID)
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accepted.digest('base64')}`,
  ]
  if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`)
  // Keeps clients from compressing their short commands, which are not measured.
  if (isCompressed) lines.push('Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  converse(socket, url, dialectOf(url.pathname, protocol), isCompressed)
}

function converse(socket, url, dialect, isCompressed) {
  const reply = (text) => socket.write(encodeFrame(Buffer.from(text)))
  const behave = behaviourOf(url, { socket, dialect, isCompressed, reply })
  const reader = new FrameReader((view, opcode, start, length, mask) => {
    if (opcode === TEXT || opcode === BINARY) behave(view, start, length, mask)
    else if (opcode === PING) {
      pings += 1
      socket.write(encodeFrame(unmask(view, start, length, mask), PONG))
    } else if (opcode === CLOSE) socket.end(encodeFrame(unmask(view, start, length, mask), CLOSE))
  })
  const greeting = dialect.greet()
  if (greeting) reply(greeting)
  socket.on('data', (chunk) => {
    socket.cork()
    reader.read(chunk)
    socket.uncork()
  })
}

function behaviourOf(url, connection) {
  const name = url.searchParams.get('does') ?? url.pathname.slice(1)
  if (name === 'flood') return flooding(url.searchParams, connection)
  if (name === 'sink') return sinking(url.searchParams, connection)
  if (name === 'pings') return () => connection.reply(JSON.stringify({ pings }))
  return echoing(connection)
}

/** Runs commands such as `{ "type": "flood", "count": 1000 }`. */
function flooding(params, { socket, dialect, isCompressed, reply }) {
  const messages = {
    size: Number(params.get('size')),
    types: params.get('types')?.split(','),
    isNested: params.has('nested'),
    isBinary: params.has('binary'),
  }
  return (view, start, length, mask) => {
    const command = dialect.commandOf(unmask(view, start, length, mask).toString(), reply)
    if (command === undefined) return
    const { count } = JSON.parse(command)
    void framesOf(messages, dialect, isCompressed).then((frames) => flood(socket, { count, frames }))
  }
}

/** Counts messages. After each batch, it sends their number and checksum, and starts again. */
function sinking(params, { dialect, reply }) {
  const batches = (params.get('batches') ?? '').split(',').map(Number)
  const { before, after } = dialect.envelope
  let count = 0
  let checksum = 0
  return (view, start, length, mask) => {
    if (before > 0 && length < before + after) {
      dialect.commandOf(unmask(view, start, length, mask).toString(), reply)
      return
    }
    checksum = fold(checksum, hashBytes(view, start + before, length - before - after, rotate(mask, before)))
    count += 1
    if (count !== batches[0]) return
    reply(dialect.wrap(JSON.stringify({ type: 'done', id: 0, count, checksum })))
    batches.shift()
    count = 0
    checksum = 0
  }
}

/** Returns the masking key rotated to a position in the payload. */
function rotate(mask, bytes) {
  const shift = (bytes & 3) * 8
  return shift === 0 ? mask : (mask >>> shift) | (mask << (32 - shift))
}

function echoing({ socket, dialect, reply }) {
  return (view, start, length, mask) => {
    const payload = unmask(view, start, length, mask)
    if (dialect.name === 'plain') socket.write(encodeFrame(payload))
    else {
      const text = dialect.commandOf(payload.toString(), reply)
      if (text !== undefined) reply(dialect.wrap(text))
    }
  }
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 4096, () => resolve(server.address().port))
  })
}

process.on('disconnect', () => process.exit())
const ports = await Promise.all(Array.from({ length: PORTS }, () => listen(net.createServer(accept))))
const tlsPort = await listen(tls.createServer(selfSigned(), accept))
process.send({ ports, tlsPort })
