import type { Clock } from '../core/clock.js'

/** Waits up to `timeout` milliseconds for a promise to settle. Resolves with true if the promise settled in time. */
export async function settlesWithin(
  promise: Promise<unknown>,
  timeout: number,
  clock: Pick<Clock, 'setTimeout'>,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => resolve(false), timeout)
    const settled = (): void => {
      timer.cancel()
      resolve(true)
    }
    promise.then(settled, settled)
  })
}
