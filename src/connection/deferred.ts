/** Shared by every send that need not wait: a promise for each would cost more than the send. */
export const SETTLED: Promise<void> = Promise.resolve()

/** A promise with its ends outside. A rejection that nobody awaits yet is not "unhandled". */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

export function deferred<T>(): Deferred<T> {
  let ends!: Omit<Deferred<T>, 'promise'>
  const promise = new Promise<T>((resolve, reject) => {
    ends = { resolve, reject }
  })
  promise.catch(() => undefined)
  return { promise, ...ends }
}
