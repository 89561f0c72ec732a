import type { Handler } from '../annotations/handler-table.js'

type Method = (event: unknown, context: unknown) => unknown

/** Call to a handler, as passed to the functions that wrap it. */
export interface HandlerCall {
  readonly instance: object
  /** Display name of the method, such as `TickerClient#tick`. */
  readonly handler: string
  readonly method: string | symbol
  readonly event: unknown
  readonly context: unknown
}

/** Wraps each call to a handler, and determines its return value: usually that of `next()`, which calls the handler. */
export interface Around {
  (call: HandlerCall, next: () => unknown): unknown
  /** Methods whose calls are wrapped. All others are called directly. @default all */
  readonly methods?: ReadonlySet<string | symbol> | undefined
}

/**
 * Calls the methods of one instance. Tracks the calls for which `close()` must not wait: those that are still in their synchronous part.
 */
export class Invoker {
  readonly #instance: Readonly<Record<string | symbol, Method>>
  readonly #around: Around | undefined
  #releases = 0
  #closedDuringCall = false

  constructor(instance: object, around?: Around) {
    this.#instance = instance as Record<string | symbol, Method>
    this.#around = around
  }

  /** True if the call that has just returned (not thrown) called `close()`, which must not wait for it. */
  get closedDuringCall(): boolean {
    return this.#closedDuringCall
  }

  /** Calls a handler. The caller must catch its errors. */
  call(handler: Handler, event: unknown, context: unknown): unknown {
    const releases = this.#releases
    const result = this.#around
      ? this.#callAround(this.#around, handler, event, context)
      : (this.#instance[handler.method] as Method)(event, context)
    this.#closedDuringCall = this.#releases > releases
    return result
  }

  #callAround(around: Around, { method, name }: Handler, event: unknown, context: unknown): unknown {
    const instance = this.#instance
    // perf: saves 60 ns per call of a method that is not wrapped.
    if (around.methods?.has(method) === false) return (instance[method] as Method)(event, context)
    const call = { instance, handler: name, method, event, context }
    return around(call, () => (instance[method] as Method)(event, context))
  }

  /** Releases every call that is currently in its synchronous part, so that `close()` does not wait for it. */
  release(): void {
    this.#releases += 1
  }
}
