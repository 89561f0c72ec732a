import { AsyncLocalStorage } from '#platform'

/**
 * Determines which `@OnOpen` or `@OnClosing` a call belongs to, even after an await. Active only while one of them runs, because tracking
 * slows down every promise in the process.
 */
export class OnOpenScope<Owner> {
  readonly #storage = new AsyncLocalStorage<Owner>()
  #openings = 0

  /**
   * Owner of the `@OnOpen` or `@OnClosing` that the caller belongs to; `undefined` once it has settled. As of Node 24, `disable()` does not
   * affect code that is already running, which still sees the owner.
   */
  get owner(): Owner | undefined {
    return this.#storage.getStore()
  }

  /** Runs `open` for an owner. The scope ends when `open` returns or, if it returns a promise, when that promise settles. */
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
