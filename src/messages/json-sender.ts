import type { SendOptions } from '../transports/transport.js'
import type { AnyProtocol, Outgoing, Protocol } from './protocol.js'

/**
 * Sends values as JSON. Inject it if you do not need a whole `Connection`. For example, a `JsonSender<typeof market.client>` accepts only
 * the messages that the `market` protocol defines for the server.
 */
export class JsonSender<P extends AnyProtocol = Protocol> {
  readonly #connection: { sendJson(value: unknown, options?: SendOptions): Promise<void> }

  /** @internal */
  constructor(connection: { sendJson(value: unknown, options?: SendOptions): Promise<void> }) {
    this.#connection = connection
  }

  /**
   * Sends a value as JSON. If the value is a function, it is called when the message is passed to the socket, and its result is sent.
   *
   * @returns a promise for flow control only; see `Connection.send`
   * @throws EncodeError if the value has no JSON representation
   * @throws OutboxFullError if the outbox is full (with `overflow: 'reject'`)
   * @throws NotConnectedError if the connection is not open and `outbox` is `false`
   * @throws ConnectionClosedError if the connection is closing or closed
   */
  send(value: Outgoing<P> | (() => Outgoing<P>), options?: SendOptions): Promise<void> {
    return this.#connection.sendJson(value, options)
  }
}
