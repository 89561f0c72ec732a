import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import {
  ConnectFailedError,
  ConnectionLostError,
  HandshakeError,
  ProtocolViolationError,
} from '../../errors/connection-errors.js'
import { reasonOf } from '../../core/error-text.js'
import type { HandshakeFacts } from '../../errors/connection-errors.js'
import type { Connect, Transport, TransportListener, TransportRequest } from '../transport.js'
import { redactUrl } from '../../core/url.js'
import { Cork } from './cork.js'
import { FastReceive } from './fast-receive.js'
import type { FastReceivePort } from './fast-receive.js'
import { FastSend, pingFrame } from './fast-send.js'
import { SHARED_READ } from './shared-read-buffer.js'

/** The most of a refusal's body that is kept. */
const BODY_LIMIT = 16 * 1024

/** `ws` takes the lowest 32 bits of a limit: without this one, a limit of 4 GiB would be none, and one of 4 GiB and a byte, one byte. */
const HIGHEST_LIMIT = 2 ** 31 - 1

/** What `ws` tells the peer when it finds one of these (its documentation, "Error codes"); 1002 for all others. */
const SENT_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
}

/** What `ws` says of a server that upgrades against the rules (RFC 6455, section 4.1), and which rule it is. */
const VIOLATIONS: readonly (readonly [RegExp, NonNullable<HandshakeFacts['violation']>])[] = [
  [/Invalid Upgrade header/, 'upgrade'],
  [/Sec-WebSocket-Accept/, 'accept'],
  [/subprotocol/, 'subprotocol'],
  [/[Ee]xtension/, 'extension'],
]

/** How `createWsTransport` opens sockets. */
export interface WsTransportOptions {
  /**
   * Whether plain text messages are read right off the socket, past `ws`, which still judges everything else. It is as strict and gives
   * the same messages; `false` is for finding out whether it is to blame. @default true
   */
  readonly fastPaths?: boolean
}

/** Makes a transport over `ws`, for the `transport` option: the default one, unless its options say otherwise. */
export function createWsTransport({ fastPaths = true }: WsTransportOptions = {}): Connect {
  return (request, listener) => new WsTransport(request, listener, fastPaths)
}

/** Tells its owner what it emits, which spares each socket listeners of its own. */
class OwnedSocket extends WebSocket {
  owner!: WsTransport

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const { owner } = this
    if (event === 'message') owner.received(first as Buffer, second as boolean)
    else if (event === 'ping') owner.pinged(first as Buffer)
    else if (event === 'pong') owner.ponged(first as Buffer)
    else if (event === 'upgrade') owner.upgraded(first as IncomingMessage)
    else if (event === 'unexpected-response') owner.refused(second as IncomingMessage)
    else if (event === 'open') owner.opened()
    else if (event === 'error') owner.failed(first as Error)
    else if (event === 'close') owner.closed(first as number, second as Buffer)
    return true
  }
}

/** One socket over `ws`. */
class WsTransport implements Transport, FastReceivePort {
  readonly #socket: OwnedSocket
  readonly #listener: TransportListener
  readonly #address: string
  /** The answer that upgraded the connection, until that is open. */
  #upgrade: IncomingMessage | undefined
  readonly #maxPayload: number
  readonly #hasFastPaths: boolean
  #rawSocket: Socket | undefined
  #cork: Cork | undefined
  #fastReceive: FastReceive | undefined
  #fastSend: FastSend | undefined
  #error: Error | undefined
  #refusal: (() => HandshakeError) | undefined
  #sentCode: number | undefined
  #pendingPong: Buffer | undefined
  #isGivenUp = false
  #hasClosed = false
  #unsentBytes = 0

  constructor(request: TransportRequest, listener: TransportListener, hasFastPaths: boolean) {
    this.#listener = listener
    this.#hasFastPaths = hasFastPaths
    this.#maxPayload = request.maxPayload
    this.#address = request.url
    const { headers, maxPayload, maxFragments, compression = false, closeTimeout } = request
    // Never a key whose value is undefined: `ws` spreads these over its defaults.
    this.#socket = new OwnedSocket(request.url, [...request.protocols], {
      headers: { ...headers },
      maxPayload: Math.min(maxPayload, HIGHEST_LIMIT),
      maxFragments: Math.min(maxFragments, HIGHEST_LIMIT),
      closeTimeout,
      perMessageDeflate: compression,
      followRedirects: false,
      autoPong: false,
      ...(hasFastPaths && { onread: SHARED_READ }),
    } as WebSocket.ClientOptions)
    this.#socket.owner = this
  }

  get #url(): string {
    return redactUrl(this.#address)
  }

  get bufferedAmount(): number {
    // Node forgets what a destroyed socket had not sent, and that is what `CloseInfo.unsentBytes` tells.
    const kept = this.#socket.bufferedAmount + (this.#fastSend?.pending ?? 0)
    return Math.max(kept, this.#unsentBytes, this.#cork?.failedBytes ?? 0)
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  send(data: string | Uint8Array, flushed?: () => void): void {
    if (this.isOpen) this.#hold()
    if (this.isOpen && typeof data === 'string' && this.#fastSend?.send(data)) {
      if (flushed) this.#fastSend.flush(flushed)
    } else {
      this.#fastSend?.flush()
      if (flushed) this.#socket.send(data, flushed)
      else this.#socket.send(data)
    }
    // Whoever asks for this has enough buffered already.
    if (flushed) this.#cork?.release()
  }

  #hold(): void {
    if (this.#rawSocket) this.#cork ??= this.#makeCork(this.#rawSocket)
    this.#cork?.hold()
  }

  /** False also where messages may be compressed: those `ws` compresses, and in its own time. */
  get #framesItself(): boolean {
    return this.#fastReceive !== undefined && this.#socket.extensions === ''
  }

  #makeCork(socket: Socket): Cork {
    if (!this.#framesItself) return new Cork(socket)
    this.#fastSend = new FastSend(socket)
    return new Cork(socket, this.#fastSend)
  }

  ping(data: Uint8Array): void {
    this.#fastSend?.flush()
    if (!this.isOpen) return
    if (this.#framesItself) this.#rawSocket?.write(pingFrame(data))
    else this.#socket.ping(data)
  }

  pong(data: Uint8Array): void {
    this.#fastSend?.flush()
    if (this.isOpen) this.#socket.pong(data)
  }

  close(code: number, reason: string): void {
    this.#isGivenUp ||= this.#socket.readyState === WebSocket.CONNECTING
    this.#hasClosed = true
    this.#fastSend?.flush()
    this.#socket.close(code, reason)
    this.#cork?.release()
  }

  terminate(): void {
    this.#isGivenUp = true
    this.#cork?.release()
    this.#unsentBytes = this.bufferedAmount
    this.#socket.terminate()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  upgraded(response: IncomingMessage): void {
    this.#upgrade = response
  }

  opened(): void {
    const { headers = {}, socket } = this.#upgrade ?? {}
    this.#upgrade = undefined
    this.#rawSocket = socket
    // `ws` keeps what breaks an open socket (a reset, say) to itself.
    if (!this.#hasFastPaths) socket?.on('error', (error) => this.onSocketError(error))
    else if (socket) this.#fastReceive = new FastReceive(socket, this.#maxPayload, this)
    this.#listener.onOpen({ protocol: this.protocol, headers })
  }

  onSocketError(cause: Error): void {
    this.#unsentBytes = this.bufferedAmount
    const message = `The connection to ${this.#url} broke: ${cause.message}`
    this.#error ??= new ConnectionLostError(message, 1006, '', { cause })
  }

  /** Keeps the beginning of what the server says. `ws` leaves the request to whoever listens, so it has to be ended here. */
  refused(response: IncomingMessage): void {
    const { statusCode: status = 0, statusMessage = '', headers } = response
    const chunks: Buffer[] = []
    let size = 0
    this.#refusal = () => {
      const body = Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString()
      const message = `answered the handshake with ${status} ${statusMessage}`.trimEnd()
      return new HandshakeError(this.#url, message, { status, headers, body })
    }
    const end = (): void => this.#socket.terminate()
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size >= BODY_LIMIT) end()
    })
    response.on('error', end)
    response.on('end', end)
  }

  onFastPong(data: Buffer): void {
    this.#listener.onPong(data)
  }

  beforeForward(): void {
    this.#fastSend?.flush()
  }

  onFastMessage(text: string): void {
    this.#listener.onMessage(text)
  }

  received(data: Buffer, isBinary: boolean): void {
    this.#fastReceive?.onWsEvent()
    this.#listener.onMessage(isBinary ? data : data.toString())
  }

  ponged(data: Buffer): void {
    this.#fastReceive?.onWsEvent()
    this.#listener.onPong(data)
  }

  /** Answers the latest ping once per turn: a flood of pings must not become a flood of pongs. */
  pinged(data: Buffer): void {
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

  failed(error: Error): void {
    // What is cut from here is no failure: whoever cuts it knows why.
    if (this.#error || this.#isGivenUp) return
    const { code } = error as NodeJS.ErrnoException
    const violation = VIOLATIONS.find(([pattern]) => pattern.test(error.message))?.[1]
    if (code?.startsWith('WS_ERR_')) {
      const violated = SENT_CODES[code] ?? 1002
      // A close frame is sent once, so the peer never hears of what it does wrong after ours.
      if (!this.#hasClosed) this.#sentCode = violated
      this.#error = new ProtocolViolationError(violated, error)
    } else if (this.#upgrade && violation) {
      const facts = { violation, headers: this.#upgrade.headers }
      const message = `upgraded against the rules: ${reasonOf(error)}`
      this.#error = new HandshakeError(this.#url, message, facts, { cause: error })
    } else this.#error = new ConnectFailedError(this.#url, error)
  }

  closed(code: number, reason: Buffer): void {
    const error = this.#refusal?.() ?? this.#error
    this.#listener.onClose({ code, reason: reason.toString(), sentCode: this.#sentCode, error })
  }
}
