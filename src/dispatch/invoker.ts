import type { Handler } from '../annotations/handler-table.js'

interface Frame {
  readonly outer: Frame | undefined
  isReleased: boolean
}

type Method = (event: unknown, context: unknown) => unknown

/** Calls the methods of one instance, and knows which are in their synchronous part: those must not be waited for by `close()`. */
export class Invoker {
  readonly #instance: Readonly<Record<string | symbol, Method>>
  #frame: Frame | undefined
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
    const frame: Frame = { outer: this.#frame, isReleased: false }
    this.#frame = frame
    try {
      return (this.#instance[handler.method] as Method)(event, context)
    } finally {
      this.#frame = frame.outer
      this.#wasReleased = frame.isReleased
    }
  }

  /** Releases every call that is in its synchronous part now. */
  release(): void {
    for (let frame = this.#frame; frame; frame = frame.outer) frame.isReleased = true
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
