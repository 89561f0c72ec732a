// A handler slower than the feed. The number of pending messages stays bounded (16 times highWaterMark and a few chunks), however often a paused
// socket is read.
import dc from 'node:diagnostics_channel'
import { createHash } from 'node:crypto'
import net from 'node:net'
import * as H from 'holdfast'
import { annotate, check, end, sleep } from './support.mjs'

const MARK = 64
const text = Buffer.from(JSON.stringify({ type: 't', p: 'x'.repeat(39) }))
const frame = Buffer.concat([Buffer.from([0x81, text.length]), text])
const PER_CHUNK = Math.ceil(65_536 / frame.length)
const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => frame))

const acceptOf = (key) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

/** Writes as fast as the client reads. */
function flood(socket) {
  while (socket.write(chunk));
  socket.once('drain', () => flood(socket))
}

const server = net.createServer((socket) => {
  socket.on('error', () => undefined)
  let request = ''
  socket.on('data', (data) => {
    if (request.includes('\r\n\r\n')) return
    request += data.toString('latin1')
    if (!request.includes('\r\n\r\n')) return
    const key = /Sec-WebSocket-Key: (.*)\r\n/i.exec(request)[1]
    const answer = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write([...answer, `Sec-WebSocket-Accept: ${acceptOf(key)}`, '', ''].join('\r\n'))
    flood(socket)
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

let arrived = 0
let handled = 0
dc.subscribe('holdfast:message', () => (arrived += 1))
class Slow {
  handle() {
    handled += 1
    return sleep(10)
  }
}
annotate(Slow, [['handle', H.OnMessage()]])

const options = { logger: false, highWaterMark: MARK, heartbeat: { interval: 100, timeout: 100 } }
const client = await H.bootstrap(Slow, `ws://127.0.0.1:${server.address().port}`, options)
const seen = []
for (let round = 0; round < 6; round += 1) {
  await sleep(500)
  seen.push(arrived - handled)
}
const most = 16 * MARK + 3 * PER_CHUNK
const { status } = client.connection.state
check(
  seen.at(-1) <= most && status === 'open',
  `highWaterMark ${MARK}, handled ${handled}; pending every half second: ${seen.join(', ')}; at most ${most}; ${status}`,
)
end()
