import type { Clock } from '../core/clock.js'
import { redactUrl } from '../core/url.js'
import { ConnectFailedError, HandshakeError } from '../errors/connection-errors.js'
import { joinFragments } from '../transports/join-fragments.js'
import type { FrameOptions, Handshake, TransportEnd, TransportRequest } from '../transports/transport.js'
import { Peer } from './peer.js'
import { lowercased, refusalError } from './refusal.js'
import type { Refusal } from './refusal.js'
import type { Changes } from './wait.js'

/** Frame from the server to the client. */
export type Frame =
  | { readonly kind: 'message'; readonly data: string | Uint8Array }
  | { readonly kind: 'ping' | 'pong'; readonly data: Uint8Array }
  | { readonly kind: 'part'; readonly bytes: number }
  | { readonly kind: 'end'; readonly end: TransportEnd }

/** Client side of an attempt, as its peer sees it. */
export interface PeerLine {
  readonly isOpen: boolean
  readonly isEnded: boolean
  readonly isPaused: boolean
  open(handshake: Handshake): void
  deliver(frame: Frame): void
  /** Delivers what the client has buffered. */
  flush(): void
}

/** Server side of one connection attempt in memory. Use it in tests to control the server and to inspect what it received. */
export class MemoryPeer extends Peer {
  /** The client's request. */
  readonly request: TransportRequest
  /** Fragments received of a message that is not complete yet. */
  readonly fragments: (string | Uint8Array)[] = []
  /** Whether the peer answers pings and the close frame. Set it to `false` to simulate a dead peer. */
  isAlive = true
  /** Whether the peer reads. While `false`, everything the client sends stays in the client's buffer. */
  isReading = true
  /** Number of frames per chunk. If the client pauses, it still receives the rest of the current chunk. */
  chunk = 1
  /** Whether everything is lost, in both directions. `goHalfOpen` sets it. */
  isHalfOpen = false
  readonly #line: PeerLine
  #hasOpened = false

  /** @internal */
  constructor(request: TransportRequest, line: PeerLine, changes: Changes, clock: Clock | undefined) {
    super(request, changes, clock)
    this.request = request
    this.#line = line
  }

  /** True while the client can send on this connection. */
  get isOpen(): boolean {
    return this.#line.isOpen
  }

  /** True once the client has been notified that the connection or the attempt ended. */
  get isEnded(): boolean {
    return this.#line.isEnded
  }

  /** True while the client has paused the socket. */
  get isPaused(): boolean {
    return this.#line.isPaused
  }

  /** True once the connection has opened, even if it has ended since. */
  get hasOpened(): boolean {
    return this.#hasOpened
  }

  accept(handshake: Partial<Handshake> = {}): void {
    const { protocols, isProtocolRequired = true } = this.request
    const { protocol = protocols[0] ?? '', headers = {} } = handshake
    const isMissing = protocol === '' && isProtocolRequired && protocols.length > 0
    const isUnknown = protocol !== '' && !protocols.includes(protocol)
    if (isUnknown || isMissing) this.refuse(protocolError(this.request, protocol, headers))
    else this.#line.open({ protocol, headers: lowercased(headers) })
  }

  refuse(reason?: number | Error, response?: Refusal): void {
    const { url } = this.request
    if (typeof reason === 'number') this.#end(refusalError(url, reason, response))
    else this.#end(reason ?? new ConnectFailedError(redactUrl(url), new Error('refused')))
  }

  #end(error: Error | undefined): void {
    this.#line.deliver({ kind: 'end', end: { code: 1006, reason: '', error } })
  }

  /** Sends this many bytes of an incomplete message. The client receives them, but handlers are not called. */
  sendPart(bytes: number): void {
    this.#line.deliver({ kind: 'part', bytes })
  }

  ping(data: Uint8Array = new Uint8Array()): void {
    this.#line.deliver({ kind: 'ping', data })
  }

  pong(data: Uint8Array = new Uint8Array()): void {
    this.#line.deliver({ kind: 'pong', data })
  }

  close(code = 1000, reason = ''): void {
    this.#line.deliver({ kind: 'end', end: { code, reason } })
  }

  drop(error?: Error): void {
    // A half-open connection can still be lost.
    this.isHalfOpen = false
    this.#end(error)
  }

  goHalfOpen(): void {
    this.isHalfOpen = true
  }

  /** Resumes reading, starting with what the client has buffered. */
  read(): void {
    this.isReading = true
    this.#line.flush()
  }

  /** @internal */
  sendData(data: string | Uint8Array): void {
    this.#line.deliver({ kind: 'message', data })
  }

  /** @internal */
  receiveOpen(): void {
    this.#hasOpened = true
    this.inbox.changes.notify()
  }

  /**
   * Receives a message, or a fragment of one.
   *
   * @internal
   */
  receiveMessage(data: string | Uint8Array, fragment: FrameOptions['fragment']): void {
    if (fragment) this.fragments.push(data)
    if (fragment && !fragment.isLast) return
    const message = fragment ? joinFragments(this.fragments.splice(0), fragment.isBinary) : data
    this.inbox.add(message, this.onMessage)
  }

  /**
   * Counts a ping, and answers it if the peer is alive.
   *
   * @internal
   */
  receivePing(data: Uint8Array): void {
    this.inbox.addPing()
    if (this.isAlive) queueMicrotask(() => this.pong(data))
  }

  /**
   * Records the close frame, and answers it if the peer is alive.
   *
   * @internal
   */
  receiveClose(code: number, reason: string): void {
    this.inbox.close({ code, reason })
    if (this.isAlive) queueMicrotask(() => this.close(code, reason))
  }
}

/** Returns the error of a client whose server chooses a wrong subprotocol. */
function protocolError(
  { url, protocols }: TransportRequest,
  protocol: string,
  headers: Handshake['headers'],
): HandshakeError {
  const shown = redactUrl(url)
  const requested = protocols.length === 0 ? 'a subprotocol but none was requested' : 'an invalid subprotocol'
  const sent = protocol === '' ? 'no subprotocol' : requested
  const message = `Server at ${shown} sent an invalid handshake response: Server sent ${sent}`
  return new HandshakeError(shown, message, { violation: 'subprotocol', headers: lowercased(headers) })
}
