import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { io } from 'socket.io-client'
import { FULL } from './drained.js'

/** Socket.IO's own protocol over its WebSocket transport, which is `ws`. It encodes messages itself. */
export async function open(url, handle) {
  const { protocol, host, pathname, searchParams } = new URL(url)
  const query = { ...Object.fromEntries(searchParams), does: pathname.slice(1) }
  const socket = io(`${protocol}//${host}`, { transports: ['websocket'], query, reconnection: false })
  socket.on('message', handle)
  await new Promise((resolve, reject) => {
    socket.on('connect', resolve)
    socket.on('connect_error', reject)
  })
  const { engine } = socket.io
  return {
    send: (message) => socket.emit('message', message),
    // The queue contains packets, which it passes to its socket once per turn.
    isFull: () => engine.writeBuffer.length >= 4096,
    async drained() {
      if (engine.writeBuffer.length > 0) await once(engine, 'drain')
      while (engine.transport.ws.bufferedAmount > FULL / 4) await nextTurn()
    },
  }
}
