/** Shared by every send that need not wait: a promise for each would cost more than the send. */
export const RESOLVED: Promise<void> = Promise.resolve()

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

/** Returns a promise that is rejected. One that nobody awaits yet is not "unhandled". */
export function rejected(error: Error): Promise<never> {
  const ends = deferred<never>()
  ends.reject(error)
  return ends.promise
}

/** Who wants to be told when something has settled, and needs no promise. */
export interface SettleListener {
  onSettled(): void
}

/** The result of all that settles without a value: most do. */
const NOTHING = { value: undefined } as const

/** A deferred whose promise is made when somebody asks for it: of most connections nobody asks how they opened or ended. */
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

  /** Tells once it is settled, at once if it is. */
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
