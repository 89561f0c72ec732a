/** Request of one attempt. All option functions have been called by then. */
export interface TransportRequest {
  /** The true url, credentials included. */
  readonly url: string
  readonly protocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** The most bytes one received message may have; `0` means no limit. */
  readonly maxPayload: number
  /** The most fragments one received message may have; `0` means no limit. */
  readonly maxFragments: number
  /** Whether to offer that messages be compressed, where the transport can (RFC 7692). */
  readonly compression?: boolean | undefined
  /** How long a peer's close may take until the socket is cut, in milliseconds. */
  readonly closeTimeout: number
}

/** How the opening handshake ended well. */
export interface Handshake {
  /** The subprotocol that the server chose; `''` where there is none. */
  readonly protocol: string
  /** The headers of the server's answer, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** How a transport ended, well or not. */
export interface TransportEnd {
  /** The close code that was received; 1005 when the frame had none, 1006 when there was no close frame. */
  readonly code: number
  readonly reason: string
  /** The close code that this side sent of its own accord, because the peer broke the protocol or a limit. */
  readonly sentCode?: number | undefined
  /** Why it ended, where a close frame or a plain FIN does not say all. */
  readonly error?: Error | undefined
}

/** Receives the events of a transport that is open. Must not throw. */
export interface OpenTransportListener {
  /** One whole message: a string from a text message, bytes from a binary one. */
  onMessage(data: string | Uint8Array): void
  /** How texts begin that need not be delivered, up to a part that ends with a quote and tells them apart; `undefined` if each is wanted. */
  readonly skippedHead?: Uint8Array | undefined
  /**
   * Offers to skip a message that begins so: it stands in a longer text, and the part that tells it apart ends at `keyEnd`. A transport need
   * not call it.
   *
   * @returns whether it is skipped; if not, it has to be delivered next
   */
  skip?(text: string, from: number, keyEnd: number, to: number): boolean
  onPing(data: Uint8Array): void
  onPong(data: Uint8Array): void
  /** Called exactly once, last, whether it had opened or not, also after `terminate()`. Never called synchronously from `connect`. */
  onClose(end: TransportEnd): void
}

/** Receives the events of a transport from its beginning on. Must not throw. */
export interface TransportListener extends OpenTransportListener {
  /**
   * The opening handshake is done. Nothing else may be told before this has returned.
   *
   * @returns who is to receive what comes from now on, if that is not this listener
   */
  onOpen(handshake: Handshake): OpenTransportListener | undefined
}

/**
 * One physical socket. It answers pings by itself, the latest one once per turn; it does nothing else on its own.
 */
export interface Transport {
  /** Bytes accepted and not yet handed to the operating system. */
  readonly bufferedAmount: number
  /** Bytes received so far. They count as they arrive, also those of a message that is not complete. */
  readonly bytesRead: number
  /**
   * Bytes handed to the operating system so far, which show that an upload goes on. Without it the heartbeat looks at `bufferedAmount`,
   * which does not show what leaves while as much comes after it.
   */
  readonly bytesWritten?: number | undefined
  /** The subprotocol that the server chose; `''` where there is none. */
  readonly protocol: string
  /** True from the opening handshake until either side has begun to close. */
  readonly isOpen: boolean
  /**
   * Sends one message; `flushed`, where given, is called when it has left or never will. Bytes are not looked at after the call: their
   * owner may use them again.
   */
  send(data: string | Uint8Array, flushed?: () => void): void
  /** Sends a ping; `flushed`, where given, is called when it has left or never will. */
  ping(data: Uint8Array, flushed?: () => void): void
  pong(data: Uint8Array): void
  /** Starts the closing handshake (RFC 6455, section 7.1.2). */
  close(code: number, reason: string): void
  /** Cuts the socket, without a handshake. */
  terminate(): void
  /** Stops reading, which the peer feels as TCP backpressure. What has been read already may still be delivered. */
  pause(): void
  resume(): void
}

/**
 * Opens one transport. The listener is attached in the same tick, so that no early message is lost.
 *
 * @throws whatever makes the request impossible (an unusable url, say); a failed connect is told by `onClose` instead
 */
export type Connect = (request: TransportRequest, listener: TransportListener) => Transport
