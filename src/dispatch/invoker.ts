import type { Handler } from '../annotations/handler-table.js'

type Method = (event: unknown, context: unknown) => unknown

/** Calls the methods of one instance, and knows which are in their synchronous part: those must not be waited for by `close()`. */
export class Invoker {
  readonly #instance: Readonly<Record<string | symbol, Method>>
  /** How many calls are in their synchronous part, one within the other. */
  #depth = 0
  /** So many of these, the outer ones, have been released. */
  #released = 0
  #wasReleased = false

  constructor(instance: object) {
    this.#instance = instance as Record<string | symbol, Method>
  }

  /** True when the call that has just returned asked for the end, so that the end must not wait for it. */
  get wasReleased(): boolean {
    return this.#wasReleased
  }

  /** Calls a handler; what it throws is the caller's to catch. */
  call(handler: Handler, event: unknown, context: unknown): unknown {
    this.#depth += 1
    try {
      return (this.#instance[handler.method] as Method)(event, context)
    } finally {
      this.#wasReleased = this.#released >= this.#depth
      this.#depth -= 1
      if (this.#released > this.#depth) this.#released = this.#depth
    }
  }

  /** Releases every call that is in its synchronous part now. */
  release(): void {
    this.#released = this.#depth
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
