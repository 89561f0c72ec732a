import { setImmediate as nextTurn } from 'node:timers/promises'

/** Number of buffered bytes at which a sender yields. */
export const FULL = 1024 * 1024

/** Yields until at most a quarter of that is buffered. */
export async function drained(socket) {
  while (socket.bufferedAmount > FULL / 4) await nextTurn()
}
