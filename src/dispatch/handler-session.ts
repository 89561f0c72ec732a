import type { Handler } from '../annotations/handler-table.js'
import { toError } from '../core/error-text.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { ClosingInfo, OpenOutcome, SessionHandlers } from '../session/session-handlers.js'
import type { OpenInfo } from '../session/state.js'
import { LinkContext } from './contexts.js'
import { isThenable } from '../core/thenable.js'
import { MessageSession } from './message-session.js'

/** Passes the messages and events of one link to the handlers. */
export class HandlerSession extends MessageSession implements SessionHandlers {
  // --- opening ----------------------------------------------------------------------------------------------------------

  get hasOnOpen(): boolean {
    return this.dispatch.table.single.open !== undefined
  }

  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome> {
    const { invoker, table } = this.dispatch
    const handler = table.single.open
    if (!handler) return 'opened'
    try {
      const result = invoker.call(handler, open, new LinkContext(this.session))
      if (invoker.closedDuringCall) {
        if (isThenable(result))
          result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'open', handler))
        return 'released'
      }
      if (result === undefined || result === null) return 'opened'
      return isThenable(result) ? this.#reply(result, handler) : this.#replyNow(result, handler)
    } catch (thrown) {
      return { thrown }
    }
  }

  /** Sends the value that `@OnOpen` returned. */
  #replyNow(result: unknown, handler: Handler): OpenOutcome | Promise<OpenOutcome> {
    const sent = this.replies.reply(result, handler, undefined)
    return sent ? sent.then(() => 'opened') : 'opened'
  }

  /** Awaits the promise that `@OnOpen` returned, and sends its value. */
  async #reply(result: PromiseLike<unknown>, handler: Handler): Promise<OpenOutcome> {
    try {
      const value = await result
      if (value !== undefined && value !== null) await this.replies.reply(value, handler, undefined)
      return 'opened'
    } catch (thrown) {
      return { thrown }
    }
  }

  isUnwanted(found: unknown): boolean {
    return this.dispatch.isUnwanted(found)
  }

  takeEarly(match: (message: unknown) => boolean): { readonly value: unknown } | undefined {
    const found = this.early.take(match)
    if (found) this.onHandled(found)
    return found
  }

  earlySettled(): Promise<void> {
    return this.early.settled()
  }

  get hasOnClosing(): boolean {
    return this.dispatch.table.single.closing !== undefined
  }

  async onClosing(closing: ClosingInfo): Promise<void> {
    const handler = this.dispatch.table.single.closing
    if (!handler) return
    const reply = (value: unknown): void | Promise<void> =>
      this.replies.replyInFull(value, handler, closing, 'close')
    await this.#runEnd(handler, closing, reply)
  }

  async onClose(close: CloseInfo): Promise<void> {
    this.dispatch.flushFailures()
    const handler = this.dispatch.table.single.close
    if (handler) await this.#runEnd(handler, close)
    else this.#logClose(close)
  }

  /** Runs `@OnClosing` or `@OnClose`, and passes its return value to `reply`. Reports its errors with the stage `close`. */
  async #runEnd(
    handler: Handler,
    event: unknown,
    reply: (value: unknown) => void | Promise<void> = () => undefined,
  ): Promise<void> {
    const { invoker } = this.dispatch
    const run = async (): Promise<void> => {
      try {
        const value = invoker.call(handler, event, new LinkContext(this.session))
        // A value that is not a promise is sent in this turn, because the close frame can follow immediately.
        await (isThenable(value) ? Promise.resolve(value).then(reply) : reply(value))
      } catch (thrown) {
        await this.fail(toError(thrown), 'close', handler)
      }
    }
    const running = run()
    if (!invoker.closedDuringCall) await running
  }

  /** Logs the end of a link that this side did not close, if there is no `@OnClose`: as a warning, unless a ready connection reconnects. */
  #logClose({ code, reason, initiator, willReconnect, replaced }: CloseInfo): void {
    const { state } = this.session.connection
    const isAskedFor = initiator === 'local' || (state.status === 'closing' && state.initiator === 'local')
    if (isAskedFor || replaced) return
    const how =
      initiator === 'network' ? 'lost' : `closed by the peer with ${code}${reason && ` (${reason})`}`
    const during = this.wasReady ? '' : ' during @OnOpen'
    const line = `close: connection ${how}${during}${willReconnect ? '; reconnecting' : '; not reconnecting'}`
    // A server that rejects a login closes the connection, and bootstrap() waits. Without a warning, the reason would be invisible.
    if (willReconnect && this.wasReady) this.dispatch.logger.info(line)
    else this.dispatch.logger.warn(line)
  }

  // --- pings and pongs --------------------------------------------------------------------------------------------------

  onPing(data: Uint8Array): void {
    this.#runAside(this.dispatch.table.single.ping, data)
  }

  onPong(data: Uint8Array): void {
    this.#runAside(this.dispatch.table.single.pong, data)
  }

  /** Runs a handler outside the queue. Its return value is not sent. */
  #runAside(handler: Handler | undefined, data: Uint8Array): void {
    if (!handler) return
    try {
      const result = this.dispatch.invoker.call(handler, data, new LinkContext(this.session))
      if (isThenable(result))
        result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'handle', handler))
    } catch (thrown) {
      void this.fail(toError(thrown), 'handle', handler)
    }
  }
}
