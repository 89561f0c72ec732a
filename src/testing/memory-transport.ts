import { copyBytes } from '../transports/copy-bytes.js'
import { joinFragments } from '../transports/join-fragments.js'
import { redactUrl } from '../core/url.js'
import { ConnectFailedError, HandshakeError } from '../errors/connection-errors.js'
import type {
  FrameOptions,
  Handshake,
  OpenTransportListener,
  Transport,
  TransportEnd,
  TransportListener,
  TransportRequest,
} from '../transports/transport.js'
import { FrameLine } from './frame-line.js'

/** Frame from the server to the client. */
type Frame =
  | { readonly kind: 'message'; readonly data: string | Uint8Array }
  | { readonly kind: 'ping' | 'pong'; readonly data: Uint8Array }
  | { readonly kind: 'part'; readonly bytes: number }
  | { readonly kind: 'end'; readonly end: TransportEnd }

/** Frame from the client to the server. */
type Sent = (
  | {
      readonly kind: 'message'
      readonly data: string | Uint8Array
      readonly fragment: FrameOptions['fragment']
    }
  | { readonly kind: 'ping'; readonly data: Uint8Array }
) & { readonly flushed: (() => void) | undefined }

/** Minimum size of a frame header in bytes (RFC 6455, section 5.2). */
const HEADER = 2

/** Server side of one connection attempt. Use it in tests to control the server and to inspect what it received. */
export class MemoryPeer {
  /** The client's request. */
  readonly request: TransportRequest
  /** All messages received, exactly as sent. */
  readonly received: (string | Uint8Array)[] = []
  /** Fragments received of a message that is not complete yet. */
  readonly fragments: (string | Uint8Array)[] = []
  /** All pongs received. */
  readonly pongs: Uint8Array[] = []
  /** Whether the peer answers pings and the close frame. Set it to `false` to simulate a dead peer. */
  isAlive = true
  /** Whether the peer reads. While `false`, everything the client sends stays in the client's buffer. */
  isReading = true
  /** Number of frames per chunk. If the client pauses, it still receives the rest of the current chunk. */
  chunk = 1
  /** Called with each message received. */
  onMessage: ((data: string | Uint8Array) => void) | undefined
  readonly #transport: MemoryTransport
  readonly #onEnd: (() => void) | undefined
  #closeFrame: { readonly code: number; readonly reason: string } | undefined
  #pings = 0
  /** @internal */
  constructor(request: TransportRequest, transport: MemoryTransport, onEnd?: () => void) {
    this.request = request
    this.#transport = transport
    this.#onEnd = onEnd
  }

  /** @internal */
  receiveEnd(): void {
    this.#onEnd?.()
  }

  /** Close frame received, if any. */
  get closeFrame():
    | {
        /** Close code; 1005 if the frame contained none. */
        readonly code: number
        /** Reason; may be empty. */
        readonly reason: string
      }
    | undefined {
    return this.#closeFrame
  }

  /** Number of pings received. */
  get pings(): number {
    return this.#pings
  }

  /** True while the client can send on this socket. */
  get isOpen(): boolean {
    return this.#transport.isOpen
  }

  /** True once the client has been notified that the connection ended. */
  get isEnded(): boolean {
    return this.#transport.isEnded
  }

  /** True while the client has paused the socket, because of back-pressure. */
  get isPaused(): boolean {
    return this.#transport.isPaused
  }

  /** Accepts the handshake. Choosing a subprotocol other than the offered ones fails the attempt, as with a real server. */
  accept(handshake: Partial<Handshake> = {}): void {
    const { protocol = '', headers = {} } = handshake
    const { url, protocols } = this.request
    if (protocol === '' || protocols.length === 0 || protocols.includes(protocol))
      this.#transport.open({ protocol, headers })
    else {
      const shown = redactUrl(url)
      const message = `Server at ${shown} sent an invalid handshake response: Server sent an invalid subprotocol`
      this.refuse(new HandshakeError(shown, message, { violation: 'subprotocol', headers }))
    }
  }

  /** Fails the attempt. */
  refuse(error: Error = new ConnectFailedError(redactUrl(this.request.url), new Error('refused'))): void {
    this.#transport.deliver({ kind: 'end', end: { code: 1006, reason: '', error } })
  }

  /** Sends text or bytes unchanged, and any other value as JSON. */
  send(value: unknown): void {
    const data = typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
    this.#transport.deliver({ kind: 'message', data })
  }

  /** Sends this many bytes of an incomplete message. The client receives them, but handlers are not called. */
  sendPart(bytes: number): void {
    this.#transport.deliver({ kind: 'part', bytes })
  }

  /** Sends a ping. */
  ping(data: Uint8Array = new Uint8Array()): void {
    this.#transport.deliver({ kind: 'ping', data })
  }

  /** Sends a pong. */
  pong(data: Uint8Array = new Uint8Array()): void {
    this.#transport.deliver({ kind: 'pong', data })
  }

  /** Closes the connection with a close frame. */
  close(code = 1000, reason = ''): void {
    this.#transport.deliver({ kind: 'end', end: { code, reason } })
  }

  /** Drops the connection without a close frame. Pass an error to simulate a reset; otherwise, the stream simply ends. */
  drop(error?: Error): void {
    this.#transport.deliver({ kind: 'end', end: { code: 1006, reason: '', error } })
  }

  /** Resumes reading, starting with what the client has buffered. */
  read(): void {
    this.isReading = true
    this.#transport.flush()
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
    this.received.push(message)
    this.onMessage?.(message)
  }

  /**
   * Counts a ping, and answers it if the peer is alive.
   *
   * @internal
   */
  receivePing(data: Uint8Array): void {
    this.#pings += 1
    if (this.isAlive) queueMicrotask(() => this.pong(data))
  }

  /**
   * Records the close frame, and answers it if the peer is alive.
   *
   * @internal
   */
  receiveClose(code: number, reason: string): void {
    this.#closeFrame = { code, reason }
    if (this.isAlive) queueMicrotask(() => this.close(code, reason))
  }
}

/** Client side of one attempt. */
export class MemoryTransport implements Transport {
  /** Has `onOpen` only until the transport opens. */
  #listener: TransportListener | OpenTransportListener
  readonly #inbound: FrameLine<Frame>
  readonly #unread: Sent[] = []
  readonly peer: MemoryPeer
  protocol = ''
  bufferedAmount = 0
  bytesRead = 0
  isOpen = false
  isEnded = false
  #hasOpened = false
  #isCut = false
  #pendingPong: Uint8Array | undefined

  /** @param onEnd called once the client has been notified of the end */
  constructor(request: TransportRequest, listener: TransportListener, onEnd?: () => void) {
    this.#listener = listener
    this.peer = new MemoryPeer(request, this, onEnd)
    this.#inbound = new FrameLine(this.peer, (frame) => this.#receive(frame))
  }

  get isPaused(): boolean {
    return this.#inbound.isPaused
  }

  open(handshake: Handshake): void {
    if (this.#isCut || this.isEnded || this.#hasOpened) return
    this.protocol = handshake.protocol
    this.isOpen = true
    this.#hasOpened = true
    this.#inbound.open(() => {
      if ('onOpen' in this.#listener) this.#listener = this.#listener.onOpen(handshake) ?? this.#listener
    })
  }

  deliver(frame: Frame): void {
    // Before the handshake, the client reads only a refusal.
    if (frame.kind === 'end' && !this.#hasOpened) this.#end(frame.end)
    if (!this.isEnded) this.#inbound.push(frame)
  }

  #receive(frame: Frame): void {
    if (this.isEnded) return
    if (frame.kind === 'end') {
      this.#end(frame.end)
      return
    }
    this.bytesRead += frame.kind === 'part' ? frame.bytes : HEADER + frame.data.length
    if (frame.kind === 'part') return
    if (frame.kind === 'message') this.#listener.onMessage(frame.data)
    else {
      if (frame.kind === 'ping') {
        this.#answer(frame.data)
        this.#listener.onPing(frame.data)
      } else this.#listener.onPong(frame.data)
    }
  }

  /** Answers only the latest ping of each turn, like the `ws` transport. */
  #answer(data: Uint8Array): void {
    if (!this.#pendingPong) {
      setImmediate(() => {
        if (this.#pendingPong) this.pong(this.#pendingPong)
        this.#pendingPong = undefined
      })
    }
    this.#pendingPong = data
  }

  #end(end: TransportEnd): void {
    if (this.isEnded) return
    this.isOpen = false
    this.isEnded = true
    this.#listener.onClose(end)
    for (const { flushed } of this.#unread.splice(0)) flushed?.()
    this.peer.receiveEnd()
  }

  send(data: string | Uint8Array, flushed?: () => void, options?: FrameOptions): void {
    this.bufferedAmount += data.length
    this.#send({ kind: 'message', data: copyBytes(data), fragment: options?.fragment, flushed })
  }

  flush(): void {
    for (const sent of this.#unread.splice(0)) {
      if (sent.kind === 'message') this.bufferedAmount -= sent.data.length
      else this.peer.receivePing(sent.data)
      sent.flushed?.()
      if (sent.kind === 'message') this.peer.receiveMessage(sent.data, sent.fragment)
    }
  }

  ping(data: Uint8Array, flushed?: () => void): void {
    this.#send({ kind: 'ping', data, flushed })
  }

  #send(frame: Sent): void {
    if (!this.isOpen) {
      if (frame.flushed) queueMicrotask(frame.flushed)
      return
    }
    this.#unread.push(frame)
    if (this.peer.isReading) this.flush()
  }

  pong(data: Uint8Array): void {
    if (this.isOpen) this.peer.pongs.push(data)
  }

  close(code: number, reason: string): void {
    if (!this.#hasOpened) this.terminate()
    if (!this.isOpen) return
    this.isOpen = false
    this.peer.receiveClose(code, reason)
  }

  terminate(): void {
    this.isOpen = false
    this.#isCut = true
    queueMicrotask(() => this.#end({ code: 1006, reason: '' }))
  }

  pause(): void {
    this.#inbound.pause()
  }

  resume(): void {
    this.#inbound.resume()
  }
}
