import { setImmediate as nextTurn } from 'node:timers/promises'

/** How many bytes may be buffered before a sender yields. */
export const FULL = 1024 * 1024

/** Yields until all that a socket has buffered has left. */
export async function drained(socket) {
  while (socket.bufferedAmount > 0) await nextTurn()
}
