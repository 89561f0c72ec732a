import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Tells whose opening a call comes from, also after an await. It watches only while something opens: to watch costs every promise of
 * the process something, the user's too.
 */
export class OpenScope<Owner> {
  readonly #storage = new AsyncLocalStorage<Owner>()
  #openings = 0

  /** Whose opening the caller is part of, while that has not settled. */
  get owner(): Owner | undefined {
    return this.#storage.getStore()
  }

  /** Runs an opening. */
  async run<T>(owner: Owner, open: () => Promise<T>): Promise<T> {
    this.#openings += 1
    try {
      return await this.#storage.run(owner, open)
    } finally {
      this.#openings -= 1
      if (this.#openings === 0) this.#storage.disable()
    }
  }
}
