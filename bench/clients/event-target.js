import { FULL, drained } from './drained.js'

/** Runs a workload on a socket that has the interface of a browser's WebSocket. */
export async function wire(socket, handle) {
  socket.addEventListener('message', (event) => handle(JSON.parse(event.data)))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', (event) => reject(event.error ?? new Error('It could not be opened')))
  })
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    isFull: () => socket.bufferedAmount >= FULL,
    drained: () => drained(socket),
  }
}
