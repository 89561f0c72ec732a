import { once } from 'node:events'
import { WebSocket } from 'ws'
import { FULL, drained } from './drained.js'
import { requestsByHand } from './requests-by-hand.js'

/** `ws` with all tuning that is possible through its public API. */
export async function open(url, handle) {
  const perMessageDeflate = url.includes('deflate')
  const socket = new WebSocket(url, { skipUTF8Validation: true, perMessageDeflate })
  let stream
  let isCorked = false
  let requests
  socket.on('upgrade', (response) => (stream = response.socket))
  // Decoding Latin-1 is faster than UTF-8, and ASCII is valid in both.
  socket.on('message', (data) => {
    const message = JSON.parse(data.latin1Slice(0, data.length))
    if (!requests?.take(message)) handle(message)
  })
  await once(socket, 'open')
  const uncork = () => {
    isCorked = false
    stream.uncork()
  }
  const sendText = (text) => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      process.nextTick(uncork)
    }
    socket.send(text)
  }
  const send = (message) => sendText(JSON.stringify(message))
  return {
    send,
    request: (message) => (requests ??= requestsByHand(send)).request(message),
    sendText,
    isFull: () => socket.bufferedAmount >= FULL,
    drained: () => drained(socket),
  }
}
