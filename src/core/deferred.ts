/** Returned by every send that does not have to wait, because creating a promise would cost more than the send itself. */
export const RESOLVED: Promise<void> = Promise.resolve()

/** A promise that is settled from outside. A rejection that is not awaited yet is not treated as unhandled. */
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

/** Returns a rejected promise. If it is not awaited yet, it is not treated as unhandled. */
export function rejected(error: Error): Promise<never> {
  const ends = deferred<never>()
  ends.reject(error)
  return ends.promise
}

/** Receives the result when something has settled, without the cost of a promise. */
export interface SettleListener {
  onSettled(): void
}

/** Result of everything that settles without a value, which is the usual case. */
const NOTHING = { value: undefined } as const

/** A deferred that creates its promise on first access. Most connections never need the promises for their opening or their end. */
export class LazyDeferred<T> implements Deferred<T> {
  #result: { readonly value: T } | { readonly error: Error } | undefined
  #asked: Deferred<T> | undefined
  #settled: SettleListener | undefined

  get promise(): Promise<T> {
    const asked = (this.#asked ??= deferred())
    this.#settle()
    return asked.promise
  }

  resolve(value: T): void {
    this.#result ??= value === undefined ? (NOTHING as { readonly value: T }) : { value }
    this.#settle()
  }

  reject(error: Error): void {
    this.#result ??= { error }
    this.#settle()
  }

  /** Calls the listener when this has settled, immediately if it already has. */
  onSettled(settled: SettleListener): void {
    this.#settled = settled
    this.#settle()
  }

  #settle(): void {
    if (!this.#result) return
    if ('error' in this.#result) this.#asked?.reject(this.#result.error)
    else this.#asked?.resolve(this.#result.value)
    this.#asked = undefined
    const settled = this.#settled
    this.#settled = undefined
    settled?.onSettled()
  }
}
