import type { ConnectionContext } from '../annotations/handler-contexts.js'
import type { Handler } from '../annotations/handler-table.js'
import { RESOLVED } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import type { Stage } from '../errors/stage.js'
import type { LinkPort } from '../link/link-port.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { OpenOutcome, SessionHandlers } from '../session/session-handlers.js'
import type { OpenInfo } from '../session/state.js'
import { LinkContext } from './contexts.js'
import { HandlerInvocation } from './handler-invocation.js'
import type { FailurePort } from './handler-invocation.js'
import { isThenable } from './invoker.js'
import { MessageProcessor } from './message-processor.js'
import type { DispatchContext } from './message-processor.js'

/** One link's events on their way to the handlers: in order, and never one before `@OnOpen` has settled. */
export class HandlerSession implements SessionHandlers, FailurePort {
  readonly #dispatch: DispatchContext
  readonly #link: LinkPort
  /** perf: made with the first message, saves 330 B per idle connection. */
  #processor: MessageProcessor | undefined
  #isReady = false
  readonly #context: ConnectionContext<HandlerConnection>

  constructor(parts: DispatchContext, link: LinkPort) {
    this.#dispatch = parts
    this.#link = link
    this.#context = new LinkContext(parts.connection, link)
  }

  #createProcessor(): MessageProcessor {
    const processor = new MessageProcessor(this.#dispatch, this.#link, this)
    if (this.#isReady) processor.start()
    return processor
  }

  get hasOnOpen(): boolean {
    return this.#dispatch.table.single.open !== undefined
  }

  onOpen(open: OpenInfo): OpenOutcome | Promise<OpenOutcome> {
    const { invoker, table } = this.#dispatch
    const handler = table.single.open
    if (!handler) return 'opened'
    try {
      const result = invoker.call(handler, open, this.#context)
      if (invoker.closedDuringCall) {
        if (isThenable(result))
          result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'open', handler))
        return 'released'
      }
      return isThenable(result) ? this.#reply(result, handler) : this.#replyNow(result, handler)
    } catch (thrown) {
      return { thrown }
    }
  }

  /** Sends what `@OnOpen` has returned. */
  #replyNow(result: unknown, handler: Handler): OpenOutcome | Promise<OpenOutcome> {
    const sent = this.#send(result, handler)
    return sent ? sent.then(() => 'opened') : 'opened'
  }

  /** Waits for what `@OnOpen` has returned, and sends it. */
  async #reply(result: PromiseLike<unknown>, handler: Handler): Promise<OpenOutcome> {
    try {
      await this.#send(await result, handler)
      return 'opened'
    } catch (thrown) {
      return { thrown }
    }
  }

  #send(value: unknown, handler: Handler): void | Promise<void> {
    const { invoker, codec } = this.#dispatch
    return new HandlerInvocation(invoker, codec, this.#link, this).reply(value, handler, undefined)
  }

  onReady(): void {
    this.#isReady = true
    this.#processor?.start()
  }

  receive(message: InboundMessage): void {
    this.#processor ??= this.#createProcessor()
    this.#processor.receive(message)
  }

  onPing(data: Uint8Array): void {
    this.#runAside(this.#dispatch.table.single.ping, data)
  }

  onPong(data: Uint8Array): void {
    this.#runAside(this.#dispatch.table.single.pong, data)
  }

  drained(): Promise<void> {
    return this.#processor?.idle() ?? RESOLVED
  }

  discard(): number {
    return this.#processor?.discard() ?? 0
  }

  async onClose(close: CloseInfo): Promise<void> {
    this.#processor?.stop()
    const handler = this.#dispatch.table.single.close
    if (!handler) {
      this.#logClose(close)
      return
    }
    try {
      const result = this.#dispatch.invoker.call(handler, close, this.#context)
      if (!isThenable(result)) return
      const settled = Promise.resolve(result).catch((thrown: unknown) =>
        this.fail(toError(thrown), 'close', handler),
      )
      if (!this.#dispatch.invoker.closedDuringCall) await settled
    } catch (thrown) {
      await this.fail(toError(thrown), 'close', handler)
    }
  }

  /** Where no @OnClose says it, an end that nobody here asked for is still not silent. */
  #logClose({ code, reason, initiator, willReconnect }: CloseInfo): void {
    if (initiator === 'local') return
    const how =
      initiator === 'network' ? 'was lost' : `was closed by the peer with ${code}${reason && ` (${reason})`}`
    if (willReconnect) this.#dispatch.logger.info(`close: the connection ${how}; it will be opened again`)
    else this.#dispatch.logger.warn(`close: the connection ${how}; it will not be opened again`)
  }

  fail(
    error: Error,
    stage: Stage,
    handler?: Handler,
    message?: unknown,
    consequence = '',
  ): void | Promise<void> {
    const { connection, signal } = this.#context
    const context = { connection, signal, stage, fatal: false, handler: handler?.name, message }
    return this.#dispatch.errors.handle(error, context, consequence)
  }

  /** Runs a handler beside the queue; what it returns is not sent. */
  #runAside(handler: Handler | undefined, data: Uint8Array): void {
    if (!handler) return
    try {
      const result = this.#dispatch.invoker.call(handler, data, this.#context)
      if (isThenable(result))
        result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'handle', handler))
    } catch (thrown) {
      void this.fail(toError(thrown), 'handle', handler)
    }
  }
}
