import { setImmediate as nextTurn } from 'node:timers/promises'

/** How many bytes may be buffered before a sender yields. */
export const FULL = 1024 * 1024

/** Yields until no more than a quarter of that is buffered. */
export async function drained(socket) {
  while (socket.bufferedAmount > FULL / 4) await nextTurn()
}
