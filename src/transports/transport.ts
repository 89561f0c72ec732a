import type { Agent } from 'node:http'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../core/clock.js'
import type { Mistake } from '../errors/startup-error.js'
import type { CreateConnection, TlsOptions } from './socket-options.js'

/** Options of the socket and its TLS, which Holdfast passes on to the transport as they were set. */
export interface SocketOptions {
  /** URL of the proxy to connect through, including its credentials. `false` connects directly on purpose. */
  readonly proxy?: string | false | undefined
  /** Options for TLS. Ignored unless the URL starts with `wss:`. */
  readonly tls?: TlsOptions | undefined
  /** Agent that creates the sockets. For `wss:`, an `https.Agent`. */
  readonly agent?: Agent | undefined
  /** Path of a Unix socket, or name of a Windows named pipe, to connect to instead of the URL's host. */
  readonly socketPath?: string | undefined
  /** Creates the socket of each attempt. */
  readonly createConnection?: CreateConnection | undefined
  /** Local IP address to connect from. */
  readonly localAddress?: string | undefined
  /** IP version to use: 4 or 6. @default either */
  readonly family?: 4 | 6 | undefined
  /** Resolves the host name, like `dns.lookup`. */
  readonly lookup?: LookupFunction | undefined
  /** Whether the operating system probes an idle connection (SO_KEEPALIVE), or the delay before its first probe in milliseconds. */
  readonly tcpKeepAlive?: number | boolean | undefined
  /** Whether small messages are sent without delay (TCP_NODELAY). @default true */
  readonly tcpNoDelay?: boolean | undefined
}

/** Settings of permessage-deflate (RFC 7692, section 7.1). */
export interface CompressionOptions {
  /** Whether to request that the server compresses each message separately. Saves memory, costs bandwidth. @default false */
  readonly serverNoContextTakeover?: boolean | undefined
  /** Whether to compress each sent message separately. Saves memory, costs bandwidth. @default false */
  readonly clientNoContextTakeover?: boolean | undefined
  /** Largest window that the server may use, as a power of 2 from 8 to 15. @default 15 */
  readonly serverMaxWindowBits?: number | undefined
  /**
   * Largest window for sent messages, as a power of 2 from 8 to 15. For 8, zlib uses 9 instead, which a server with a window of 256 bytes
   * cannot decompress. Prefer 9 or more.
   *
   * @default 15
   */
  readonly clientMaxWindowBits?: number | undefined
  /** Number of bytes below which sent messages are not compressed. @default 1_024 without context takeover; otherwise 0 */
  readonly threshold?: number | undefined
  /** Effort for sent messages, from 1 (fast) to 9 (small). @default 6 */
  readonly level?: number | undefined
  /** Memory for compressing sent messages, from 1 (about 1 KiB) to 9 (256 KiB), in addition to the window. @default 8 (128 KiB) */
  readonly memLevel?: number | undefined
}

/** Request for one connection attempt. All option functions have already been called. */
export interface TransportRequest {
  /** Complete URL, including credentials. */
  readonly url: string
  /** Subprotocols to offer, in order of preference. */
  readonly protocols: readonly string[]
  /** Whether the handshake fails if the server chooses none of the subprotocols. @default true */
  readonly isProtocolRequired?: boolean | undefined
  /** Headers by name. An array is sent as one header line per value. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Maximum size of a received message, in bytes; `0` means no limit. */
  readonly maxPayload: number
  /** Maximum number of fragments in a received message; `0` means no limit. */
  readonly maxFragments: number
  /** Whether to offer message compression, if the transport supports it (RFC 7692), and how. */
  readonly compression?: boolean | CompressionOptions | undefined
  /** Maximum duration of the closing handshake before the socket is terminated, in milliseconds. */
  readonly closeTimeout: number
  /** Options of the socket; `undefined` if none is set. */
  readonly socket?: SocketOptions | undefined
}

/** Result of a successful opening handshake. */
export interface Handshake {
  /** Subprotocol chosen by the server, or `''` if it chose none. */
  readonly protocol: string
  /** Headers of the server's response, with lowercase names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** End of a transport, whether it closed gracefully or failed. */
export interface TransportEnd {
  /** Close code received; 1005 if the frame contained none, 1006 if there was no close frame. */
  readonly code: number
  /** Reason in the close frame; empty if there was none. */
  readonly reason: string
  /** Close code that this side sent because the peer violated the protocol or a limit. */
  readonly sentCode?: number | undefined
  /** Error that ended the connection; `undefined` if a close frame or a plain FIN explains the end. */
  readonly error?: Error | undefined
}

/** Receives the events of an open transport. Must not throw. */
export interface OpenTransportListener {
  /** Receives one complete message: a string for text, bytes for binary. */
  onMessage(data: string | Uint8Array): void
  /**
   * Common start of the text messages that may be skipped. The part after it, up to a quote, distinguishes the messages. `undefined` if
   * every message is needed.
   */
  readonly skippedHead?: Uint8Array | undefined
  /**
   * Offers to skip a message that starts with `skippedHead`. The message is the slice of `text` between `from` and `to`, and the part that
   * distinguishes it ends at `keyEnd`. Transports do not have to call this.
   *
   * @returns whether the message is skipped; if not, it must be delivered next
   */
  skip?(text: string, from: number, keyEnd: number, to: number): boolean
  /** Receives a ping. The transport answers it. */
  onPing(data: Uint8Array): void
  /** Receives a pong. */
  onPong(data: Uint8Array): void
  /**
   * Called exactly once, as the last event, even after `terminate()` or if the transport never opened. Never called synchronously from
   * `connect`.
   */
  onClose(end: TransportEnd): void
}

/** Receives the events of a transport, including the opening handshake. Must not throw. */
export interface TransportListener extends OpenTransportListener {
  /** Clock of the client. If a transport needs timers, it should use this clock, so that tests control them. */
  readonly clock?: Clock | undefined
  /**
   * Called when the opening handshake is complete. No other event may be reported before it returns.
   *
   * @returns the listener for all later events; `undefined` keeps this one
   */
  onOpen(handshake: Handshake): OpenTransportListener | undefined
}

/** Options of a single message. */
export interface SendOptions {
  /**
   * Whether to compress the message, if compression was negotiated. `false` saves time for data that is already compressed. Has no effect
   * without the `compression` option.
   *
   * @default true
   */
  readonly compress?: boolean | undefined
}

/** Options of a message, or of a fragment of one. All fragments of a message have the same `compress` and `isBinary`. */
export interface FrameOptions extends SendOptions {
  /**
   * Set for a fragment (RFC 6455, section 5.4). `isLast` is true for the one that completes the message. Between the fragments of a message,
   * only pings, pongs, and the close frame are sent. A transport that cannot send fragments joins them and sends the message with the last
   * one.
   */
  readonly fragment?:
    | {
        /** Whether the message is binary. */
        readonly isBinary: boolean
        /** Whether this fragment completes the message. */
        readonly isLast: boolean
      }
    | undefined
}

/** One socket. Answers the latest ping of each event-loop turn automatically, and does nothing else on its own. */
export interface Transport {
  /** Bytes accepted but not yet passed to the operating system. */
  readonly bufferedAmount: number
  /** Bytes received so far, including those of messages that are still incomplete. */
  readonly bytesRead: number
  /**
   * Bytes passed to the operating system so far. Shows whether an upload is making progress. If it is not set, the heartbeat uses
   * `bufferedAmount`, which does not change while data is added as fast as it is sent.
   */
  readonly bytesWritten?: number | undefined
  /** Subprotocol chosen by the server, or `''` if it chose none. */
  readonly protocol: string
  /** True from the opening handshake until either side starts to close. */
  readonly isOpen: boolean
  /**
   * Sends one message, or a fragment of one. If given, `flushed` is called once the message has been sent or never will be. Bytes are not
   * read after the call returns, so the caller can reuse their memory.
   */
  send(data: string | Uint8Array, flushed?: () => void, options?: FrameOptions): void
  /** Sends a ping. If given, `flushed` is called once the ping has been sent or never will be. */
  ping(data: Uint8Array, flushed?: () => void): void
  /** Sends a pong. */
  pong(data: Uint8Array): void
  /** Starts the closing handshake (RFC 6455, section 7.1.2). */
  close(code: number, reason: string): void
  /** Terminates the socket without a closing handshake. */
  terminate(): void
  /** Stops reading, so that TCP slows the peer down. Data that has already been read may still be delivered. */
  pause(): void
  /** Resumes reading after `pause()`. */
  resume(): void
}

/**
 * Opens one transport. The listener is attached in the same tick, so no early message is lost.
 *
 * @throws if the request is invalid, for example because of its URL; a failed attempt is reported to `onClose` instead
 */
export interface Connect {
  (request: TransportRequest, listener: TransportListener): Transport
  /**
   * Finds start-up mistakes in the options of the socket, such as a key that does not match its certificate or a package that is not
   * installed. Called before anything connects.
   */
  readonly checkSocket?: ((options: SocketOptions) => Promise<readonly Mistake[]>) | undefined
}
