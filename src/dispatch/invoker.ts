import type { Handler } from '../annotations/handler-table.js'

type Method = (event: unknown, context: unknown) => unknown

/** A call of a handler, for what stands around it. */
export interface HandlerCall {
  readonly instance: object
  /** The method's name for people: `TickerClient#tick`. */
  readonly handler: string
  readonly method: string | symbol
  readonly event: unknown
  readonly context: unknown
}

/** Stands around each call of a handler, and returns what the call is to return: `next()`, or something else. */
export type Around = (call: HandlerCall, next: () => unknown) => unknown

/** Calls the methods of one instance, and knows which are in their synchronous part: those must not be waited for by `close()`. */
export class Invoker {
  readonly #instance: Readonly<Record<string | symbol, Method>>
  readonly #around: Around | undefined
  #releases = 0
  #closedDuringCall = false

  constructor(instance: object, around?: Around) {
    this.#instance = instance as Record<string | symbol, Method>
    this.#around = around
  }

  /** True when the call that has just returned, not thrown, asked for the end, so that the end must not wait for it. */
  get closedDuringCall(): boolean {
    return this.#closedDuringCall
  }

  /** Calls a handler; what it throws is the caller's to catch. */
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
    const call = { instance, handler: name, method, event, context }
    return around(call, () => (instance[method] as Method)(event, context))
  }

  /** Releases every call that is in its synchronous part now. */
  release(): void {
    this.#releases += 1
  }
}
