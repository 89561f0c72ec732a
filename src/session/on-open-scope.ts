import { AsyncLocalStorage } from '#platform'

/**
 * Determines which opening a call belongs to, even after an await. It is active only while something is opening, because tracking slows down
 * every promise in the process.
 */
export class OnOpenScope<Owner> {
  readonly #storage = new AsyncLocalStorage<Owner>()
  #openings = 0

  /**
   * Owner of the opening that the caller belongs to; `undefined` once it has settled. From Node 24 on, `disable()` does not affect running code,
   * which still sees the owner.
   */
  get owner(): Owner | undefined {
    return this.#storage.getStore()
  }

  /** Runs an opening. It ends when `open` returns or, if it returns a promise, when that has settled. */
  run<T>(owner: Owner, open: () => T): T {
    this.#openings += 1
    let isPending = false
    try {
      const result = this.#storage.run(owner, open)
      isPending = result instanceof Promise
      return isPending ? (this.#untilSettled(result) as T) : result
    } finally {
      if (!isPending) this.#leave()
    }
  }

  async #untilSettled<T>(opening: T): Promise<Awaited<T>> {
    try {
      return await opening
    } finally {
      this.#leave()
    }
  }

  #leave(): void {
    this.#openings -= 1
    if (this.#openings === 0) this.#storage.disable()
  }
}
