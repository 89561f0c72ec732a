import type { Deferred } from '../core/deferred.js'
import { deferred } from '../core/deferred.js'
import { Fifo } from '../core/fifo.js'

type Result = IteratorResult<unknown, undefined>

/** Iterates over the replies to one request. Supports a single reader. */
export class ReplyStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #forget: () => void
  readonly #unread = new Fifo<unknown>()
  readonly #readers: Deferred<Result>[] = []
  #ending: { readonly error?: Error | undefined } | undefined

  constructor(forget: () => void) {
    this.#forget = forget
  }

  get unread(): number {
    return this.#unread.size
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    const reader = deferred<Result>()
    if (this.#unread.size > 0) reader.resolve({ done: false, value: this.#unread.shift() })
    else this.#readers.push(reader)
    this.#finish()
    return reader.promise
  }

  return(): Promise<Result> {
    this.#unread.clear()
    this.#ending = {}
    this.#forget()
    this.#finish()
    return Promise.resolve({ done: true, value: undefined })
  }

  push(value: unknown): void {
    const reader = this.#readers.shift()
    if (reader) reader.resolve({ done: false, value })
    else this.#unread.push(value)
  }

  end(error?: Error, isAborted = false): void {
    if (isAborted) this.#unread.clear()
    this.#ending ??= { error }
    this.#finish()
  }

  #finish(): void {
    if (!this.#ending) return
    for (const reader of this.#readers.splice(0)) {
      if (this.#ending.error) reader.reject(this.#ending.error)
      else reader.resolve({ done: true, value: undefined })
    }
  }
}
