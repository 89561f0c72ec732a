import type { ConnectionContext } from '../annotations/handler-contexts.js'
import type { Handler, HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { Clock } from '../core/clock.js'
import type { Codec } from '../codecs/codec.js'
import type { ConcurrencySettings } from '../options/concurrency.js'
import { release } from '../messages/inbound-message.js'
import type { Arrival } from '../messages/inbound-message.js'
import type { CloseInfo } from '../link/close-code.js'
import type { Connection } from '../connection/connection.js'
import { SETTLED } from '../core/deferred.js'
import type { LinkPort, OpenOutcome, Pending, Session } from '../session/session-handlers.js'
import type { OpenInfo, Stage } from '../session/state.js'
import { toError } from '../errors/errors.js'
import type { Logger } from '../core/logger.js'
import { arrivalQueue } from './queues/message-queue.js'
import type { ArrivalPort, ArrivalQueue } from './queues/message-queue.js'
import { ArrivalContext, LinkContext } from './contexts.js'
import type { ErrorHandlers } from './error-handlers.js'
import { HandlerCall } from './handler-invocation.js'
import type { FailurePort } from './handler-invocation.js'
import { HangWatch } from './slow-handler-warning.js'
import type { Invoker } from './invoker.js'
import { isThenable } from './invoker.js'
import type { Router } from './router.js'
import type { Unrouted } from './unhandled-messages.js'
import { validate } from './validation.js'

// What is thrown by no handler says nothing of its place by itself.
const ROUTE_THREW = 'thrown by the route function: the message is lost'
const KEY_THREW = 'thrown by the concurrency.key function: the message is handled as one without a key'

/** What all sessions of a connection share. */
export interface DispatchParts {
  readonly connection: Connection
  readonly table: HandlerTable
  readonly router: Router
  readonly invoker: Invoker
  readonly errors: ErrorHandlers
  readonly unrouted: Unrouted
  readonly logger: Logger
  readonly codec: Codec
  readonly clock: Clock
  readonly concurrency: ConcurrencySettings
}

/** One link's events on their way to the handlers: in order, and never one before `@OnOpen` has settled. */
export class LinkSession implements Session, ArrivalPort, FailurePort {
  readonly #parts: DispatchParts
  readonly #link: LinkPort
  #madeCall: HandlerCall | undefined
  #madeQueue: ArrivalQueue | undefined
  #isReady = false
  #watch: HangWatch | undefined
  #madePending: Pending | undefined
  readonly #context: ConnectionContext

  constructor(parts: DispatchParts, link: LinkPort) {
    this.#parts = parts
    this.#link = link
    this.#context = new LinkContext(parts.connection, link)
  }

  // A silent connection asks for none of these.

  get #queue(): ArrivalQueue {
    if (!this.#madeQueue) {
      this.#madeQueue = arrivalQueue(this.#parts.concurrency, this)
      if (this.#isReady) this.#madeQueue.start()
    }
    return this.#madeQueue
  }

  get #call(): HandlerCall {
    const { invoker, codec } = this.#parts
    return (this.#madeCall ??= new HandlerCall(invoker, codec, this.#link, this))
  }

  get #pending(): Pending {
    return (this.#madePending ??= this.#link.pending)
  }

  get opensAtOnce(): boolean {
    const { invoker, table } = this.#parts
    return table.single.open === undefined || invoker.isInstant(table.single.open)
  }

  opened(open: OpenInfo): OpenOutcome | Promise<OpenOutcome> {
    const handler = this.#parts.table.single.open
    if (!handler) return 'opened'
    try {
      const result = this.#parts.invoker.call(handler, open, this.#context)
      if (this.#parts.invoker.wasReleased) {
        if (isThenable(result))
          result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'open', handler))
        return 'released'
      }
      return result === undefined ? 'opened' : this.#replied(result, handler)
    } catch (thrown) {
      return { thrown }
    }
  }

  /** Waits for what `@OnOpen` has returned, and sends it. */
  async #replied(result: unknown, handler: Handler): Promise<OpenOutcome> {
    try {
      await this.#call.reply(await result, handler, undefined)
      return 'opened'
    } catch (thrown) {
      return { thrown }
    }
  }

  ready(): void {
    this.#isReady = true
    this.#madeQueue?.start()
  }

  receive(arrival: Arrival): void {
    this.#pending.taken(arrival.size)
    this.#queue.push(arrival)
  }

  pinged(data: Uint8Array): void {
    this.#runAside(this.#parts.table.single.ping, data)
  }

  ponged(data: Uint8Array): void {
    this.#runAside(this.#parts.table.single.pong, data)
  }

  drained(): Promise<void> {
    return this.#madeQueue?.idle() ?? SETTLED
  }

  discard(): number {
    const left = this.#madeQueue?.clear() ?? []
    for (const arrival of left) this.#pending.handled(arrival.size)
    return left.length
  }

  async closed(close: CloseInfo): Promise<void> {
    this.#watch?.stop()
    const handler = this.#parts.table.single.close
    if (!handler) {
      this.#logClose(close)
      return
    }
    try {
      const result = this.#parts.invoker.call(handler, close, this.#context)
      if (!isThenable(result)) return
      const settled = Promise.resolve(result).catch((thrown: unknown) =>
        this.fail(toError(thrown), 'close', handler),
      )
      if (!this.#parts.invoker.wasReleased) await settled
    } catch (thrown) {
      await this.fail(toError(thrown), 'close', handler)
    }
  }

  /** Where no @OnClose says it, an end that nobody here asked for is still not silent. */
  #logClose({ code, reason, initiator, willReconnect }: CloseInfo): void {
    if (initiator === 'local') return
    const how =
      initiator === 'lost' ? 'was lost' : `was closed by the peer with ${code}${reason && ` (${reason})`}`
    if (willReconnect) this.#parts.logger.info(`close: the connection ${how}; it will be opened again`)
    else this.#parts.logger.warn(`close: the connection ${how}; it will not be opened again`)
  }

  // --- what the queue and the calls ask ---------------------------------------------------------------------------------

  run(arrival: Arrival): void | Promise<void> {
    const running = this.#handle(arrival)
    if (running === undefined) {
      this.#over(arrival)
      return undefined
    }
    return running.then(() => this.#over(arrival))
  }

  #over(arrival: Arrival): void {
    this.#pending.handled(arrival.size)
    release(arrival)
  }

  skipped(arrival: Arrival): void {
    this.#link.count('skipped')
    this.#over(arrival)
  }

  keyFailed(error: Error, { value }: Arrival): void | Promise<void> {
    return this.fail(error, 'decode', undefined, value, KEY_THREW)
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
    return this.#parts.errors.handle(error, context, consequence)
  }

  // --- the way of an arrival --------------------------------------------------------------------------------------------

  #handle(arrival: Arrival): void | Promise<void> {
    if (arrival.kind === 'message') return this.#handleMessage(arrival)
    if (arrival.kind === 'undecodable')
      return this.fail(arrival.value as Error, 'decode', undefined, arrival.raw)
    const handler = this.#parts.table.single.binary
    if (handler) return this.#handOver(handler, arrival.value, arrival, undefined)
    this.#parts.unrouted.binary()
    this.#link.count('unhandled')
    return undefined
  }

  #handleMessage(arrival: Arrival): void | Promise<void> {
    const { router, unrouted } = this.#parts
    let key: unknown
    try {
      key = router.keyOf(arrival.value)
    } catch (thrown) {
      return this.fail(toError(thrown), 'decode', undefined, arrival.value, ROUTE_THREW)
    }
    const handler = router.handlerFor(key)
    if (handler?.schema) return this.#validate(handler, arrival, key)
    if (handler) return this.#handOver(handler, arrival.value, arrival, key)
    unrouted.message(key)
    this.#link.count('unhandled')
    return undefined
  }

  /** Hands over what a schema has made of the message; what a schema takes time for keeps its place in the queue. */
  #validate(first: MessageHandler, arrival: Arrival, key: unknown): void | Promise<void> {
    const fail = (thrown: unknown): void | Promise<void> =>
      this.fail(toError(thrown), 'validate', first, arrival.value)
    try {
      const accepted = validate(first, arrival.value, { key, raw: arrival.raw })
      if (!isThenable(accepted)) return this.#handOver(accepted.handler, accepted.value, arrival, key)
      const settled = accepted.then(
        () => undefined,
        () => undefined,
      )
      void this.#watched(`The schema of ${first.name}`, settled)
      return accepted.then(({ handler, value }) => this.#handOver(handler, value, arrival, key), fail)
    } catch (thrown) {
      return fail(thrown)
    }
  }

  #handOver(handler: Handler, event: unknown, arrival: Arrival, key: unknown): void | Promise<void> {
    const { connection, clock, invoker } = this.#parts
    const context = invoker.seesContext(handler)
      ? new ArrivalContext(connection, this.#link, arrival, key, clock)
      : undefined
    const running = this.#call.run(handler, event, context)
    return running && this.#watched(handler.name, running)
  }

  #watched(name: string, running: Promise<void>): Promise<void> {
    const { clock, logger } = this.#parts
    this.#watch ??= new HangWatch(clock, (message) => logger.warn(message))
    return this.#watch.watch(name, running)
  }

  /** Runs a handler beside the queue; what it returns is not sent. */
  #runAside(handler: Handler | undefined, data: Uint8Array): void {
    if (!handler) return
    try {
      const result = this.#parts.invoker.call(handler, data, this.#context)
      if (isThenable(result))
        result.then(undefined, (thrown: unknown) => this.fail(toError(thrown), 'handle', handler))
    } catch (thrown) {
      void this.fail(toError(thrown), 'handle', handler)
    }
  }
}
