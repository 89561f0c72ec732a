import { once } from 'node:events'
import { WebSocket } from 'ws'
import { FULL, drained } from './drained.js'

/** Bare `ws`, as one writes it by hand: the measure of all others. */
export async function open(url, handle) {
  const socket = new WebSocket(url)
  socket.on('message', (data) => handle(JSON.parse(data)))
  await once(socket, 'open')
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    isFull: () => socket.bufferedAmount >= FULL,
    drained: () => drained(socket),
  }
}
