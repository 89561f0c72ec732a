import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientOptions } from 'ws'
import { WebSocket, canShareReads } from '#ws'
import { redactUrl } from '../../core/url.js'
import { ConnectionLostError, ProtocolViolationError } from '../../errors/connection-errors.js'
import type { HandshakeError, ReceiveLimit } from '../../errors/connection-errors.js'
import type {
  Connect,
  OpenTransportListener,
  Transport,
  TransportListener,
  TransportRequest,
} from '../transport.js'
import { FastReceive } from './fast-receive.js'
import type { FastReceivePort } from './fast-receive.js'
import { FrameWriter } from './frame-writer.js'
import { SHARED_READ } from './shared-read-buffer.js'
import { WsHandshake } from './ws-handshake.js'

/** `ws` takes the lowest 32 bits of a limit: without this one, a limit of 4 GiB would be none, and one of 4 GiB and a byte, one byte. */
const HIGHEST_LIMIT = 2 ** 31 - 1

/** What `ws` tells the peer when it finds one of these (its documentation, "Error codes"); 1002 for all others. */
const SENT_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
}

/** Returns the close code that `ws` has sent for an error on an open connection. */
function sentCodeOf({ code = '' }: NodeJS.ErrnoException): number {
  // The codes of zlib begin with Z: compressed data that cannot be decompressed.
  return SENT_CODES[code] ?? (code.startsWith('Z_') ? 1007 : 1002)
}

/** The option whose limit `ws` reports by an error of this code. */
const LIMITS: Readonly<Record<string, ReceiveLimit['option']>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'maxPayload',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'maxFragments',
}

/** Returns the limit that a message has exceeded. What reads the socket knows its value, so that a connection need not keep it. */
function exceededLimit({ code = '' }: NodeJS.ErrnoException, socket: WebSocket): ReceiveLimit | undefined {
  const option = LIMITS[code]
  const { _receiver: receiver } = socket as { _receiver?: Readonly<Record<string, number | undefined>> }
  const value = receiver?.[`_${option}`]
  return option === undefined || value === undefined ? undefined : { option, value }
}

/** How `createWsTransport` opens sockets. */
export interface WsTransportOptions {
  /**
   * Whether plain text messages are read right off the socket, past `ws`, which still judges everything else. It is as strict and gives
   * the same messages; `false` is for finding out whether it is to blame. @default true
   */
  readonly fastPaths?: boolean | undefined
}

/** Makes a transport over `ws`, for the `transport` option: the default one, unless its options say otherwise. */
export function createWsTransport({ fastPaths = true }: WsTransportOptions = {}): Connect {
  return (request, listener) => new WsTransport(request, listener, fastPaths)
}

/** What counts the bytes of a socket as they pass; Node keeps it to itself. */
interface Carrier {
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Bytes of the last write that the operating system has not taken. */
  readonly writeQueueSize: number
}

/**
 * Returns what counts the bytes on the wire; `undefined` once the socket is gone. A socket's own counts move by whole TLS records and
 * whole writes only: one of 20 MB that is under way stands still in them.
 */
function carrierOf(socket: Socket | undefined): Carrier | undefined {
  const { _handle: handle } = (socket ?? {}) as { _handle?: (Carrier & { _parent?: Carrier }) | null }
  return handle?._parent ?? handle ?? undefined
}

/** Passes its events to its transport. */
class OwnedSocket extends WebSocket {
  readonly #transport: WsTransport
  /** The opening handshake, while it lasts. */
  #handshake: WsHandshake | undefined

  constructor(transport: WsTransport, request: TransportRequest, hasFastPaths: boolean) {
    const { headers, maxPayload, maxFragments, compression = false, closeTimeout } = request
    // Never a key whose value is undefined: `ws` spreads these over its defaults.
    super(request.url, [...request.protocols], {
      headers: { ...headers },
      maxPayload: Math.min(maxPayload, HIGHEST_LIMIT),
      maxFragments: Math.min(maxFragments, HIGHEST_LIMIT),
      closeTimeout,
      perMessageDeflate: compression,
      followRedirects: false,
      autoPong: false,
      ...(hasFastPaths && canShareReads && { onread: SHARED_READ }),
    } as ClientOptions)
    this.#transport = transport
    this.#handshake = new WsHandshake(request, hasFastPaths)
  }

  // perf: saves 770 B per idle connection, compared with a listener for each event.
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const transport = this.#transport
    if (event === 'message') transport.onMessage(first as Buffer, second as boolean)
    else if (event === 'ping') transport.onPing(first as Buffer)
    else if (event === 'pong') transport.onPong(first as Buffer)
    else if (event === 'error') transport.onError(first as Error, this.#handshake)
    else if (event === 'close') transport.onClose(first as number, second as Buffer, this.#handshake?.refusal)
    else if (this.#handshake) this.#emitOpening(this.#handshake, event, first, second)
    return true
  }

  #emitOpening(handshake: WsHandshake, event: string | symbol, first: unknown, second: unknown): void {
    if (event === 'upgrade') handshake.onUpgrade(first as IncomingMessage)
    else if (event === 'unexpected-response')
      handshake.onUnexpectedResponse(second as IncomingMessage, () => this.terminate())
    else if (event === 'open') {
      this.#handshake = undefined
      this.#transport.onOpen(handshake)
    }
  }
}

/** One socket over `ws`. */
class WsTransport implements Transport, FastReceivePort {
  readonly #socket: OwnedSocket
  /** Until it is open, the one that hears of that. */
  #listener: TransportListener | OpenTransportListener
  #rawSocket: Socket | undefined
  #fastReceive: FastReceive | undefined
  #writer: FrameWriter | undefined
  #failure: { readonly error: Error; readonly sentCode?: number | undefined } | undefined
  #pendingPong: Buffer | undefined
  #isGivenUp = false
  #hasClosed = false
  #unsentBytes = 0

  constructor(request: TransportRequest, listener: TransportListener, hasFastPaths: boolean) {
    this.#listener = listener
    this.#socket = new OwnedSocket(this, request, hasFastPaths)
  }

  get bufferedAmount(): number {
    // Node forgets what a destroyed socket had not sent, and that is what `CloseInfo.unsentBytes` tells.
    return Math.max((this.#writer ?? this.#socket).bufferedAmount, this.#unsentBytes)
  }

  get bytesRead(): number {
    return carrierOf(this.#rawSocket)?.bytesRead ?? 0
  }

  get bytesWritten(): number | undefined {
    const carrier = carrierOf(this.#rawSocket)
    return carrier && carrier.bytesWritten - carrier.writeQueueSize
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(data: string | Uint8Array, flushed?: () => void): void {
    if (!this.isOpen) this.#socket.send(data, flushed)
    else {
      // perf: made on first use, saves 250 B per idle connection.
      this.#writer ??= createWriter(this.#rawSocket as Socket, this.#socket, this.#fastReceive !== undefined)
      this.#writer.send(data, flushed)
    }
  }

  ping(data: Uint8Array, flushed?: () => void): void {
    this.#writer?.flush()
    const waits = this.#socket.bufferedAmount > 0
    if (this.isOpen) this.#socket.ping(data, undefined, waits ? flushed : undefined)
    // perf: a ping that nothing is before leaves now, and needs no tick of its own to tell.
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

  onOpen({ request, hasFastPaths, headers, rawSocket }: WsHandshake): void {
    this.#rawSocket = rawSocket
    // `ws` keeps what breaks an open socket (a reset, say) to itself.
    if (!hasFastPaths) rawSocket?.on('error', (error) => this.onSocketError(error))
    else if (rawSocket)
      this.#fastReceive = new FastReceive(rawSocket, request.maxPayload, this.#listener, this)
    if (!('onOpen' in this.#listener)) return
    const listener = this.#listener.onOpen({ protocol: this.protocol, headers })
    if (!listener) return
    this.#listener = listener
    this.#fastReceive?.deliverTo(listener)
  }

  onSocketError(cause: Error): void {
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

  /** Answers the latest ping once per turn: a flood of pings must not become a flood of pongs. */
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
    // A cut from this side is no failure: its caller knows why.
    if (this.#failure || this.#isGivenUp) return
    if (handshake) {
      this.#failure = { error: handshake.errorOf(error) }
      return
    }
    const violated = sentCodeOf(error)
    // A close frame is sent once, so the peer never hears of what it does wrong after ours.
    const sentCode = this.#hasClosed ? undefined : violated
    const limit = exceededLimit(error, this.#socket)
    this.#failure = { error: new ProtocolViolationError(violated, error, limit), sentCode }
  }

  onClose(code: number, reason: Buffer, refusal: HandshakeError | undefined): void {
    const { error, sentCode } = this.#failure ?? {}
    this.#listener.onClose({ code, reason: reason.toString(), sentCode, error: refusal ?? error })
  }
}

/** @param hasFastPaths whether messages may be framed here */
function createWriter(rawSocket: Socket, socket: WebSocket, hasFastPaths: boolean): FrameWriter {
  // Messages that may be compressed are framed by `ws`, which does so in its own time.
  const isCompressing = socket.extensions !== ''
  return new FrameWriter(rawSocket, socket, hasFastPaths && !isCompressing, isCompressing)
}
