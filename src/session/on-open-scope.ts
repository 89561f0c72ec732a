import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Tells whose opening a call comes from, also after an await. It watches only while something opens: to watch costs every promise of
 * the process something, the user's too.
 */
export class OnOpenScope<Owner> {
  readonly #storage = new AsyncLocalStorage<Owner>()
  #openings = 0
  #syncOwner: Owner | undefined

  /** Whose opening the caller is part of, while that has not settled. */
  get owner(): Owner | undefined {
    return this.#syncOwner ?? this.#storage.getStore()
  }

  /** Runs an opening that is over when it has returned: nothing has to be watched for it. */
  runSync<T>(owner: Owner, open: () => T): T {
    this.#syncOwner = owner
    try {
      return open()
    } finally {
      this.#syncOwner = undefined
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
