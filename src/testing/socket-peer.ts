import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { HandshakeError } from '../errors/connection-errors.js'
import type { Handshake } from '../transports/transport.js'
import { Peer } from './peer.js'
import { headerLines, statusLine } from './refusal.js'
import type { Refusal } from './refusal.js'
import type { Changes } from './wait.js'

/** Close codes that `ws` reports without having received a close frame with a code. */
const NO_CLOSE_FRAME = 1006

/** Server side of one connection attempt over a real socket. */
export class SocketPeer extends Peer {
  /** Request that opened the connection. */
  readonly request: IncomingMessage
  readonly #upgrade: (handshake: Partial<Handshake>) => void
  #socket: WebSocket | undefined
  #isEnded = false
  #isHalfOpen = false
  /** Actions that wait until an asynchronous `verifyClient` has accepted the client. */
  readonly #early: ((socket: WebSocket) => void)[] = []

  /** @internal */
  constructor(request: IncomingMessage, changes: Changes, upgrade: (handshake: Partial<Handshake>) => void) {
    super(changes)
    this.request = request
    this.#upgrade = upgrade
    request.socket.on('error', () => request.socket.destroy())
    request.socket.once('close', () => this.#onEnd())
  }

  /**
   * Socket of the `ws` package.
   *
   * @throws Error before the handshake has been accepted
   */
  get socket(): WebSocket {
    if (!this.#socket) throw new Error('The handshake has not been accepted yet. Call accept() before')
    return this.#socket
  }

  get url(): string {
    return `ws://${this.request.headers.host ?? ''}${this.request.url ?? '/'}`
  }

  get protocols(): readonly string[] {
    return (this.request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/).filter(Boolean)
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && this.#socket.readyState === this.#socket.OPEN
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  accept(handshake: Partial<Handshake> = {}): void {
    this.#upgrade(handshake)
  }

  refuse(reason?: number | Error, { headers = {}, body = '' }: Refusal = {}): void {
    const { socket } = this.request
    const status = reason instanceof HandshakeError ? reason.status : reason
    if (typeof status !== 'number') {
      socket.destroy()
      return
    }
    const lines = headerLines(headers)
    const length = `Content-Length: ${Buffer.byteLength(body)}`
    socket.end(
      [`HTTP/1.1 ${statusLine(status)}`, 'Connection: close', length, ...lines, '', body].join('\r\n'),
    )
  }

  ping(data?: Uint8Array): void {
    this.#send((socket) => socket.ping(data))
  }

  pong(data?: Uint8Array): void {
    this.#send((socket) => socket.pong(data))
  }

  close(code?: number, reason?: string): void {
    this.#send((socket) => socket.close(code ?? 1000, reason))
  }

  drop(error?: Error): void {
    if (error) this.request.socket.resetAndDestroy()
    else this.request.socket.destroy()
  }

  goHalfOpen(): void {
    this.#send((socket) => socket.pause())
    this.#isHalfOpen = true
  }

  /**
   * The client of a real socket can run in any process, so its clock is not known.
   *
   * @internal
   */
  get clock(): undefined {
    return undefined
  }

  /** @internal */
  sendData(data: string | Uint8Array): void {
    this.#send((socket) => socket.send(data))
  }

  /**
   * Listens to an accepted connection.
   *
   * @internal
   */
  receiveOpen(socket: WebSocket): void {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      this.inbox.add(isBinary ? data : data.toString(), this.onMessage),
    )
    socket.on('ping', () => (this.inbox.pings += 1))
    socket.on('pong', (data: Buffer) => this.inbox.pongs.push(data))
    socket.on('close', (code: number, reason: Buffer) => {
      if (code !== NO_CLOSE_FRAME) this.inbox.closeFrame = { code, reason: reason.toString() }
      this.#onEnd()
    })
    for (const act of this.#early.splice(0)) act(socket)
  }

  #onEnd(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.receiveEnd()
  }

  #send(act: (socket: WebSocket) => void): void {
    if (this.#isHalfOpen) return
    if (this.#socket) act(this.#socket)
    else this.#early.push(act)
  }
}
