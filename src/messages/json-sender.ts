import type { AnyProtocol, Outgoing, Protocol } from './protocol.js'

/** Sends values as JSON. Inject it where a whole `Connection` would be too much; as `JsonSender<typeof market.client>` it sends what that protocol sends to the server. */
export class JsonSender<P extends AnyProtocol = Protocol> {
  readonly #connection: { sendJson(value: unknown): Promise<void> }

  /** @internal */
  constructor(connection: { sendJson(value: unknown): Promise<void> }) {
    this.#connection = connection
  }

  /**
   * Sends a value as JSON, or what a function returns when it is handed to the socket.
   *
   * @returns flow control only: see `Connection.send`
   * @throws EncodeError when JSON has no text for it
   * @throws OutboxFullError when the outbox is full, with `overflow: 'reject'`
   * @throws NotConnectedError while not open, with `outbox: false`
   * @throws ConnectionClosedError once closing or closed
   */
  send(value: Outgoing<P> | (() => Outgoing<P>)): Promise<void> {
    return this.#connection.sendJson(value)
  }
}
