import type { Handler } from '../annotations/handler-table.js'

type Method = (event: unknown, context: unknown) => unknown

/** Calls the methods of one instance, and knows which are in their synchronous part: those must not be waited for by `close()`. */
export class Invoker {
  readonly #instance: Readonly<Record<string | symbol, Method>>
  #releases = 0
  #closedDuringCall = false

  constructor(instance: object) {
    this.#instance = instance as Record<string | symbol, Method>
  }

  /** True when the call that has just returned, not thrown, asked for the end, so that the end must not wait for it. */
  get closedDuringCall(): boolean {
    return this.#closedDuringCall
  }

  /** Calls a handler; what it throws is the caller's to catch. */
  call(handler: Handler, event: unknown, context: unknown): unknown {
    const releases = this.#releases
    const result = (this.#instance[handler.method] as Method)(event, context)
    this.#closedDuringCall = this.#releases > releases
    return result
  }

  /** Releases every call that is in its synchronous part now. */
  release(): void {
    this.#releases += 1
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
