import { AsyncLocalStorage } from '#platform'

/**
 * Tells whose opening a call comes from, also after an await. It is active only while something opens: watching costs every promise
 * of the process something, the user's too.
 */
export class OnOpenScope<Owner> {
  readonly #storage = new AsyncLocalStorage<Owner>()
  #openings = 0

  /** Owner of the opening that the caller is part of. `undefined` once that has settled, but not from Node 24 on: there `disable()` spares running code. */
  get owner(): Owner | undefined {
    return this.#storage.getStore()
  }

  /** Runs an opening, which is over when it has returned, or when the promise that it returned has settled. */
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
