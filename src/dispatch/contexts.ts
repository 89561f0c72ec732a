import type { ConnectionContext, MessageContext } from '../annotations/handler-contexts.js'
import type { Clock } from '../core/clock.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { LinkPort } from '../link/link-port.js'

/** The context of one message. What costs something is worked out when it is asked for. */
export class InboundMessageContext implements MessageContext<HandlerConnection> {
  readonly connection: HandlerConnection
  readonly key: unknown
  readonly raw: string | Uint8Array
  readonly #link: LinkPort
  readonly #receivedAt: number
  readonly #clock: Clock

  constructor(
    connection: HandlerConnection,
    link: LinkPort,
    message: InboundMessage,
    key: unknown,
    clock: Clock,
  ) {
    this.connection = connection
    this.key = key
    this.#link = link
    this.raw = message.raw
    this.#receivedAt = message.receivedAt
    this.#clock = clock
  }

  get receivedAt(): number {
    return this.#clock.date() - (this.#clock.now() - this.#receivedAt)
  }

  get signal(): AbortSignal {
    return this.#link.signal
  }
}

/** The context of what befalls one link. Its signal is made when it is asked for. */
export class LinkContext implements ConnectionContext<HandlerConnection> {
  readonly connection: HandlerConnection
  readonly #link: LinkPort

  constructor(connection: HandlerConnection, link: LinkPort) {
    this.connection = connection
    this.#link = link
  }

  get signal(): AbortSignal {
    return this.#link.signal
  }
}
