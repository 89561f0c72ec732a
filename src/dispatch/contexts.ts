import type { ConnectionContext, ErrorContext, MessageContext } from '../annotations/handler-contexts.js'
import type { Clock } from '../core/clock.js'
import type { Stage } from '../errors/stage.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { SessionPort } from '../session/session-handlers.js'

/** Context for the events of one link. Its connection and its signal are created on demand. */
export class LinkContext implements ConnectionContext<HandlerConnection> {
  readonly #session: SessionPort

  constructor(session: SessionPort) {
    this.#session = session
  }

  get connection(): HandlerConnection {
    return this.#session.connection
  }

  get signal(): AbortSignal {
    return this.#session.link.signal
  }
}

/**
 * Context of one message. Expensive values are computed on demand.
 *
 * perf: repeats two getters, because extending `LinkContext` would cost 15 ns more per message.
 */
export class InboundMessageContext implements MessageContext<HandlerConnection> {
  readonly key: unknown
  readonly raw: string | Uint8Array
  readonly #session: SessionPort
  readonly #receivedAt: number
  readonly #settings: { readonly clock: Clock }

  constructor(
    session: SessionPort,
    message: InboundMessage,
    key: unknown,
    settings: { readonly clock: Clock },
  ) {
    this.key = key
    this.raw = message.raw
    this.#session = session
    this.#receivedAt = message.receivedAt
    this.#settings = settings
  }

  get connection(): HandlerConnection {
    return this.#session.connection
  }

  get signal(): AbortSignal {
    return this.#session.link.signal
  }

  get receivedAt(): number {
    const { clock } = this.#settings
    return clock.date() - (clock.now() - this.#receivedAt)
  }
}

/** Context for an error on one link, or for one of its messages. */
export class LinkErrorContext extends LinkContext implements ErrorContext<HandlerConnection> {
  readonly stage: Stage
  readonly fatal = false
  readonly handler: string | undefined
  readonly message: unknown
  readonly count: number
  readonly #session: SessionPort

  constructor(session: SessionPort, stage: Stage, handler: string | undefined, message: unknown, count = 1) {
    super(session)
    this.#session = session
    this.stage = stage
    this.handler = handler
    this.message = message
    this.count = count
  }

  /** Returns the context for `count` failures, of which this is the last. */
  times(count: number): LinkErrorContext {
    return new LinkErrorContext(this.#session, this.stage, this.handler, this.message, count)
  }
}
