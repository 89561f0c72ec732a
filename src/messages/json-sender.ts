import type { AnyProtocol, Outgoing, Protocol } from './protocol.js'

/**
 * Sends values as JSON. Inject it if you do not need a whole `Connection`. A `JsonSender<typeof market.client>` accepts only the messages that this
 * protocol sends to the server.
 */
export class JsonSender<P extends AnyProtocol = Protocol> {
  readonly #connection: { sendJson(value: unknown): Promise<void> }

  /** @internal */
  constructor(connection: { sendJson(value: unknown): Promise<void> }) {
    this.#connection = connection
  }

  /**
   * Sends a value as JSON. A function is called when its message is passed to the socket, and its result is sent.
   *
   * @returns a promise for flow control only; see `Connection.send`
   * @throws EncodeError if the value has no JSON representation
   * @throws OutboxFullError if the outbox is full (with `overflow: 'reject'`)
   * @throws NotConnectedError while not open, with `outbox: false`
   * @throws ConnectionClosedError once closing or closed
   */
  send(value: Outgoing<P> | (() => Outgoing<P>)): Promise<void> {
    return this.#connection.sendJson(value)
  }
}
