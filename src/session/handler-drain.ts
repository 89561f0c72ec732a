import { UnprocessedMessagesError } from '../errors/message-errors.js'
import type { Stage } from '../errors/stage.js'
import type { Deadline } from './deadline.js'
import type { CloseInfo } from './disconnect.js'
import type { SessionHandlers } from './session-handlers.js'

/** Receives the reports of a drain, and has its deadline. */
export interface DrainOwner {
  readonly closing: { readonly deadline: Deadline }
  report(error: Error, stage: Stage, consequence: string): void
}

/** The end of one session's handlers: what is still to be handled, then `@OnClose`. */
export class HandlerDrain {
  readonly #handlers: SessionHandlers
  readonly #owner: DrainOwner
  #drained: Promise<void> | undefined

  constructor(handlers: SessionHandlers, owner: DrainOwner) {
    this.#handlers = handlers
    this.#owner = owner
  }

  /** Waits up to `timeout` ms until nothing is left to be handled for a moment. */
  async idle(timeout: number): Promise<void> {
    await this.#owner.closing.deadline.settlesWithin(this.#handlers.drained(), timeout)
  }

  /**
   * Waits up to `timeout` ms for pending handlers, then discards and reports the rest. Only the first call counts.
   *
   * @param before what is awaited before the handlers; resolves to whether messages are handled at all
   */
  drain(timeout: number, before: Promise<boolean>): Promise<void> {
    this.#drained ??= this.#drain(timeout, before)
    return this.#drained
  }

  async #drain(timeout: number, before: Promise<boolean>): Promise<void> {
    const everything = before.then((isHandling) => (isHandling ? this.#handlers.drained() : undefined))
    await this.#owner.closing.deadline.settlesWithin(everything, timeout)
    const count = this.#handlers.discard()
    if (count === 0) return
    this.#owner.report(new UnprocessedMessagesError(count), 'handle', 'the connection has ended')
  }

  /** Runs `@OnClose` after everything else, and waits up to `timeout` ms for it. */
  async close(info: CloseInfo, timeout: number): Promise<void> {
    if (await this.#owner.closing.deadline.settlesWithin(this.#handlers.onClose(info), timeout)) return
    this.#owner.report(new Error('@OnClose has not settled in time'), 'close', 'going on without it')
  }
}
