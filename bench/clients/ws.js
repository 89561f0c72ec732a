import { once } from 'node:events'
import { WebSocket } from 'ws'
import { FULL, drained } from './drained.js'
import { requestsByHand } from './requests-by-hand.js'

/** Bare `ws` as in hand-written code. All other rows are compared with it. */
export async function open(url, handle) {
  const socket = new WebSocket(url)
  const send = (message) => socket.send(JSON.stringify(message))
  let requests
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    if (!requests?.take(message)) handle(message)
  })
  await once(socket, 'open')
  return {
    send,
    request: (message) => (requests ??= requestsByHand(send)).request(message),
    sendText: (text) => socket.send(text),
    isFull: () => socket.bufferedAmount >= FULL,
    drained: () => drained(socket),
  }
}

/** Opens a connection that handles messages of one type. */
export async function select(url, type, handle) {
  const socket = new WebSocket(url)
  let unwanted = 0
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    switch (message.type) {
      case type:
        handle(message)
        break
      default:
        unwanted += 1
    }
  })
  await once(socket, 'open')
  return { send: (message) => socket.send(JSON.stringify(message)), unwanted: () => unwanted }
}

/** Opens an idle connection with the heartbeat of the `ws` documentation, one interval per connection. */
export async function hold(url, handle, interval) {
  const socket = new WebSocket(url)
  socket.on('message', (data) => handle(JSON.parse(data)))
  await once(socket, 'open')
  let isAlive = true
  socket.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, interval)
  socket.on('close', () => clearInterval(timer))
  return { isOpen: () => socket.readyState === WebSocket.OPEN }
}
