import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Tells whose opening a call comes from, also after an await. It watches only while something opens: to watch costs every promise of
 * the process something, the user's too.
 */
export class OpenScope<Owner> {
  readonly #storage = new AsyncLocalStorage<Owner>()
  #openings = 0
  #now: Owner | undefined

  /** Whose opening the caller is part of, while that has not settled. */
  get owner(): Owner | undefined {
    return this.#now ?? this.#storage.getStore()
  }

  /** Runs an opening that is over when it has returned: nothing has to be watched for it. */
  runNow<T>(owner: Owner, open: () => T): T {
    this.#now = owner
    try {
      return open()
    } finally {
      this.#now = undefined
    }
  }

  /** Runs an opening. */
  async run<T>(owner: Owner, open: () => T | Promise<T>): Promise<T> {
    this.#openings += 1
    try {
      return await this.#storage.run(owner, open)
    } finally {
      this.#openings -= 1
      if (this.#openings === 0) this.#storage.disable()
    }
  }
}
