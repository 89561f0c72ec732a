import { RESOLVED, deferred, rejected } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'

/** Acknowledgment of a topic. Its promises never cause unhandled rejections. */
export class Acknowledgment {
  readonly #waiting: Deferred<void>[] = []
  #result: { readonly error: Error | undefined } | undefined
  #heir: Acknowledgment | undefined

  /** Resolves when the topic is acknowledged. Rejects if the topic will not be acknowledged. */
  get promise(): Promise<void> {
    if (this.#heir) return this.#heir.promise
    if (this.#result) return this.#result.error ? rejected(this.#result.error) : RESOLVED
    let [waiting] = this.#waiting
    if (!waiting) this.#waiting.push((waiting = deferred()))
    return waiting.promise
  }

  get isSettled(): boolean {
    return this.#result !== undefined
  }

  get hasFailed(): boolean {
    return this.#result?.error !== undefined
  }

  /** Settles pending promises. Promises that are read later settle with the most recent result. */
  settle(error?: Error): void {
    this.#result = { error }
    for (const waiting of this.#waiting.splice(0)) {
      if (error) waiting.reject(error)
      else waiting.resolve()
    }
  }

  /** Merges into another acknowledgment. Pending and later promises settle with the other one. */
  join(heir: Acknowledgment): void {
    this.#heir = heir
    if (this.#result) heir.settle(this.#result.error)
    else heir.#waiting.push(...this.#waiting.splice(0))
  }
}
