import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { FULL } from './drained.js'

/** The minimum in JavaScript: a raw socket, a walk over the frames, one decode per chunk, one parse per message. It checks nothing. */
export async function open(url, handle) {
  const socket = await connect(url)
  socket.on(
    'data',
    reader((text) => handle(JSON.parse(text))),
  )
  return sender(socket)
}

/** Opens an idle connection with a heartbeat: one timer for all, an empty ping, and any data counts as an answer. */
export async function hold(url, handle, interval) {
  const connection = { socket: await connect(url), isAlive: true }
  connection.socket.on('data', () => {
    connection.isAlive = true
  })
  if (held.length === 0) setInterval(beat, interval)
  held.push(connection)
  return { isOpen: () => connection.socket.readyState === 'open' }
}

const held = []

/** A ping without a payload, masked with zeros. */
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0])

function beat() {
  for (const connection of held) {
    if (!connection.isAlive) connection.socket.destroy()
    connection.isAlive = false
    connection.socket.write(PING)
  }
}

async function connect(url) {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const socket = (protocol === 'wss:' ? tls : net).connect({ host: hostname, port: Number(port) })
  socket.setNoDelay(true)
  const key = randomBytes(16).toString('base64')
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  )
  const [answer] = await once(socket, 'data')
  const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  if (!answer.includes(accepted)) throw new Error(`The handshake failed: ${answer}`)
  return socket
}

/** Returns a function that walks the frames of each chunk, and keeps an incomplete frame for the next one. */
function reader(take) {
  let rest
  return (data) => {
    const chunk = rest ? Buffer.concat([rest, data]) : data
    const text = chunk.latin1Slice(0, chunk.length)
    let at = 0
    while (at + 2 <= chunk.length) {
      let length = chunk[at + 1]
      let start = at + 2
      if (length === 126) {
        length = (chunk[at + 2] << 8) | chunk[at + 3]
        start += 2
      } else if (length === 127) throw new Error('No message is that long here')
      if (start + length > chunk.length) break
      at = start + length
      take(text.slice(start, at))
    }
    rest = at < chunk.length ? chunk.subarray(at) : undefined
  }
}

/** Writes all frames of a turn into one slab, masked with zeros, and sends it in one write. */
function sender(socket) {
  const slabs = []
  let slab
  let used = 0
  let written = Promise.resolve()
  const flush = () => {
    if (used === 0) return
    const full = slab
    written = new Promise((resolve) => {
      socket.write(full.subarray(0, used), resolve)
    }).then(() => slabs.push(full))
    used = 0
  }
  const sendText = (text) => {
    if (used === 0) {
      slab = slabs.pop() ?? Buffer.allocUnsafeSlow(FULL * 1.25)
      process.nextTick(flush)
    }
    used += writeFrame(slab, used, text)
  }
  return {
    send: (message) => sendText(JSON.stringify(message)),
    sendText,
    isFull: () => used >= FULL,
    drained() {
      flush()
      return written
    },
  }
}

/** Writes a frame and returns its length. */
function writeFrame(slab, at, text) {
  const { length } = text
  slab[at] = 0x81
  let mask = at + 2
  if (length < 126) slab[at + 1] = 0x80 | length
  else {
    slab[at + 1] = 0xfe
    slab[at + 2] = length >> 8
    slab[at + 3] = length & 0xff
    mask += 2
  }
  slab[mask] = slab[mask + 1] = slab[mask + 2] = slab[mask + 3] = 0
  slab.latin1Write(text, mask + 4)
  return mask + 4 + length - at
}
