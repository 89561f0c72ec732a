import type { ConnectionContext, MessageContext } from '../annotations/handler-contexts.js'
import type { Clock } from '../core/clock.js'
import type { Connection } from '../connection/connection.js'
import type { InboundMessage } from '../messages/inbound-message.js'
import type { LinkPort } from '../link/link-port.js'

/** The context of one message. What costs something is worked out when it is asked for. */
export class InboundMessageContext implements MessageContext {
  readonly connection: Connection
  readonly key: unknown
  readonly raw: string | Uint8Array
  readonly #link: LinkPort
  readonly #receivedAt: number
  readonly #clock: Clock

  constructor(connection: Connection, link: LinkPort, arrival: InboundMessage, key: unknown, clock: Clock) {
    this.connection = connection
    this.key = key
    this.#link = link
    this.raw = arrival.raw
    this.#receivedAt = arrival.receivedAt
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
export class LinkContext implements ConnectionContext {
  readonly connection: Connection
  readonly #link: LinkPort

  constructor(connection: Connection, link: LinkPort) {
    this.connection = connection
    this.#link = link
  }

  get signal(): AbortSignal {
    return this.#link.signal
  }
}
