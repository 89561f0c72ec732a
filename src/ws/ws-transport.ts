import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from '#ws'
import { toError } from '../core/error-text.js'
import { redactUrl } from '../core/url.js'
import { ConnectionLostError, ProtocolViolationError } from '../errors/connection-errors.js'
import type { HandshakeError, ReceiveLimit } from '../errors/connection-errors.js'
import type {
  Connect,
  FrameOptions,
  OpenTransportListener,
  Transport,
  TransportListener,
  TransportRequest,
} from '../transports/transport.js'
import { FastReceive } from '../fast-paths/fast-receive.js'
import type { FastReceivePort } from '../fast-paths/fast-receive.js'
import { FrameWriter } from '../fast-paths/frame-writer.js'
import { checkSocket } from './startup-check.js'
import { WsHandshake } from './ws-handshake.js'
import type { WsSettings } from './ws-handshake.js'
import { takeRequest, thresholdOf, wsOptions, wsProtocols } from './ws-options.js'
import { bytesReadOf, bytesWrittenOf, countBytes, tuneSocket, urlForWs } from './ws-socket.js'

/** Close codes that `ws` sends, by error code (see "Error codes" in its documentation). For all other errors, it sends 1002. */
const SENT_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
}

/** Returns the close code that `ws` sends for an error on an open connection. */
function sentCodeOf({ code = '' }: NodeJS.ErrnoException): number {
  // Error codes from zlib start with Z_: the data could not be decompressed.
  return SENT_CODES[code] ?? (code.startsWith('Z_') ? 1007 : 1002)
}

/** Option that sets the limit, by the error code that `ws` reports when a message exceeds it. */
const LIMITS: Readonly<Record<string, ReceiveLimit['option']>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'maxPayload',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'maxFragments',
}

/**
 * Returns the limit that a message has exceeded. The value is read from the receiver in `ws`, so that a connection does not have to store
 * it.
 */
function exceededLimit({ code = '' }: NodeJS.ErrnoException, socket: WebSocket): ReceiveLimit | undefined {
  const option = LIMITS[code]
  const { _receiver: receiver } = socket as { _receiver?: Readonly<Record<string, number | undefined>> }
  const value = receiver?.[`_${option}`]
  return option === undefined || value === undefined ? undefined : { option, value }
}

/** Options for `createWsTransport`. */
export interface WsTransportOptions {
  /**
   * Whether to read and write plain messages directly on the socket and leave everything else to `ws`. The results and the protocol checks
   * are the same. Set this to `false` to find out whether the fast paths cause a problem. @default true
   */
  readonly fastPaths?: boolean | undefined
  /**
   * Whether text must be valid UTF-8, as RFC 6455 requires. With `false`, invalid bytes are delivered as U+FFFD instead of closing the
   * connection with 1007. @default true
   */
  readonly validateUtf8?: boolean | undefined
}

/** Creates a transport based on `ws`, for the `transport` option. Without options, it is the same as the default transport. */
export function createWsTransport({
  fastPaths = true,
  validateUtf8 = true,
}: WsTransportOptions = {}): Connect {
  const settings = { fastPaths, validateUtf8 }
  const connect: Connect = (request, listener) => new WsTransport(request, listener, settings)
  return Object.assign(connect, { checkSocket })
}

/** Socket from `ws` that passes its events to its transport. */
class OwnedSocket extends WebSocket {
  readonly #transport: WsTransport
  /** Opening handshake, until it is complete. */
  #handshake: WsHandshake | undefined

  constructor(transport: WsTransport, request: TransportRequest, settings: WsSettings) {
    const handshake = new WsHandshake(request, settings)
    super(urlForWs(request.url), wsProtocols(request), wsOptions(request, settings, handshake.tunnel))
    this.#transport = transport
    this.#handshake = handshake
    const made = takeRequest(this)
    if (made) handshake.send(made)
  }

  // perf: saves 770 B per idle connection, compared with a listener for each event.
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const transport = this.#transport
    if (event === 'message') transport.onMessage(first as Buffer, second as boolean)
    else if (event === 'ping') transport.onPing(first as Buffer)
    else if (event === 'pong') transport.onPong(first as Buffer)
    else if (event === 'error') transport.onError(toError(first), this.#handshake)
    else if (event === 'close') {
      this.#handshake?.tunnel?.abort()
      transport.onClose(first as number, second as Buffer, this.#handshake?.refusal)
    } else if (this.#handshake) this.#emitOpening(this.#handshake, event, first, second)
    return true
  }

  #emitOpening(handshake: WsHandshake, event: string | symbol, first: unknown, second: unknown): void {
    if (event === 'upgrade') {
      const value = handshake.onUpgrade(first as IncomingMessage)
      // An own property hides the getter of `ws`, and costs only the connections that need it.
      if (value !== undefined) Object.defineProperty(this, 'protocol', { value })
    } else if (event === 'unexpected-response')
      handshake.onUnexpectedResponse(second as IncomingMessage, () => this.terminate())
    else if (event === 'open') {
      this.#handshake = undefined
      this.#transport.onOpen(handshake)
    }
  }
}

/** Transport over one `ws` socket. */
class WsTransport implements Transport, FastReceivePort {
  readonly #socket: OwnedSocket
  /** Has `onOpen` only until the transport opens. */
  #listener: TransportListener | OpenTransportListener
  #rawSocket: Duplex | undefined
  #fastReceive: FastReceive | undefined
  #writer: FrameWriter | undefined
  #failure: { readonly error: Error; readonly sentCode?: number | undefined } | undefined
  #pendingPong: Buffer | undefined
  #isGivenUp = false
  #hasClosed = false
  #unsentBytes = 0

  constructor(request: TransportRequest, listener: TransportListener, settings: WsSettings) {
    this.#listener = listener
    this.#socket = new OwnedSocket(this, request, settings)
  }

  get bufferedAmount(): number {
    // Node discards the count of unsent bytes when a socket is destroyed, but `CloseInfo.unsentBytes` reports it.
    return Math.max((this.#writer ?? this.#socket).bufferedAmount, this.#unsentBytes)
  }

  get bytesRead(): number {
    return bytesReadOf(this.#rawSocket)
  }

  get bytesWritten(): number | undefined {
    return bytesWrittenOf(this.#rawSocket)
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(data: string | Uint8Array, flushed?: () => void, options?: FrameOptions): void {
    if (!this.isOpen) this.#socket.send(data, flushed)
    else {
      // perf: created on first use, saves 250 B per idle connection.
      this.#writer ??= createWriter(this.#rawSocket as Duplex, this.#socket, this.#fastReceive !== undefined)
      this.#writer.send(data, flushed, options)
    }
  }

  ping(data: Uint8Array, flushed?: () => void): void {
    this.#writer?.flush()
    const waits = this.#socket.bufferedAmount > 0
    if (this.isOpen) this.#socket.ping(data, undefined, waits ? flushed : undefined)
    // perf: a ping with nothing ahead of it is sent immediately, so no extra tick is needed to report it.
    if (!waits || !this.isOpen) flushed?.()
  }

  pong(data: Uint8Array): void {
    this.#writer?.flush()
    if (this.isOpen) this.#socket.pong(data)
  }

  close(code: number, reason: string): void {
    this.#isGivenUp ||= this.#socket.readyState === WebSocket.CONNECTING
    this.#hasClosed = true
    this.#writer?.flush()
    this.#socket.close(code, reason)
    this.#writer?.release()
  }

  terminate(): void {
    this.#isGivenUp = true
    this.#writer?.release()
    this.#unsentBytes = this.bufferedAmount
    this.#socket.terminate()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  onOpen({ request, settings, headers, rawSocket }: WsHandshake): void {
    this.#rawSocket = rawSocket
    if (rawSocket) {
      if (request.socket) tuneSocket(rawSocket, request.socket)
      countBytes(rawSocket)
    }
    if (rawSocket instanceof Socket && settings.fastPaths) {
      const accepted = { maxPayload: request.maxPayload, validateUtf8: settings.validateUtf8 }
      this.#fastReceive = new FastReceive(rawSocket, accepted, this.#listener, this)
      // `ws` does not report errors on an open socket, for example a reset.
    } else rawSocket?.on('error', (error) => this.onSocketError(error))
    const threshold = thresholdOf(request)
    // Otherwise, the writer is created on first use.
    if (rawSocket && threshold !== undefined)
      this.#writer = createWriter(rawSocket, this.#socket, this.#fastReceive !== undefined, threshold)
    if (!('onOpen' in this.#listener)) return
    const listener = this.#listener.onOpen({ protocol: this.protocol, headers })
    if (!listener) return
    this.#listener = listener
    this.#fastReceive?.deliverTo(listener)
  }

  onSocketError(thrown: unknown): void {
    const cause = toError(thrown)
    this.#unsentBytes = this.bufferedAmount
    const message = `Connection to ${redactUrl(this.#socket.url)} lost: ${cause.message}`
    this.#failure ??= { error: new ConnectionLostError(message, 1006, '', { cause }) }
  }

  beforeForward(): void {
    if (this.#writer?.isHolding) this.#writer.flush()
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    this.#fastReceive?.onWsEvent()
    this.#listener.onMessage(isBinary ? data : data.toString())
  }

  onPong(data: Buffer): void {
    this.#fastReceive?.onWsEvent()
    this.#listener.onPong(data)
  }

  /** Answers only the latest ping of each turn, so that a flood of pings does not cause a flood of pongs. */
  onPing(data: Buffer): void {
    this.#fastReceive?.onWsEvent()
    if (!this.#pendingPong) {
      setImmediate(() => {
        if (this.#pendingPong) this.pong(this.#pendingPong)
        this.#pendingPong = undefined
      })
    }
    this.#pendingPong = data
    this.#listener.onPing(data)
  }

  onError(error: Error, handshake: WsHandshake | undefined): void {
    // Termination by this side is not a failure: the caller knows the reason.
    if (this.#failure || this.#isGivenUp) return
    if (handshake) {
      this.#failure = { error: handshake.errorOf(error) }
      return
    }
    const violated = sentCodeOf(error)
    // A close frame is sent only once, so the peer never learns of a violation after our close frame.
    const sentCode = this.#hasClosed ? undefined : violated
    const limit = exceededLimit(error, this.#socket)
    this.#failure = { error: new ProtocolViolationError(violated, error, limit), sentCode }
  }

  onClose(code: number, reason: Buffer, refusal: HandshakeError | undefined): void {
    const { error, sentCode } = this.#failure ?? {}
    this.#listener.onClose({ code, reason: reason.toString(), sentCode, error: refusal ?? error })
  }
}

/**
 * @param hasFastPaths whether messages can be framed without `ws`
 * @param threshold number of bytes below which messages are not compressed, even if compression was negotiated
 */
function createWriter(
  rawSocket: Duplex,
  socket: WebSocket,
  hasFastPaths: boolean,
  threshold = 0,
): FrameWriter {
  // Messages that may be compressed are framed by `ws`, which does so asynchronously.
  const isCompressing = socket.extensions !== ''
  return new FrameWriter(
    rawSocket,
    socket,
    hasFastPaths && !isCompressing,
    isCompressing ? threshold : undefined,
  )
}
