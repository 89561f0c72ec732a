import { copyBytes } from '../transports/copy-bytes.js'
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
import { MemoryPeer } from './memory-peer.js'
import type { Frame, PeerLine } from './memory-peer.js'
import type { Changes } from './wait.js'

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

/** Client side of one attempt. */
export class MemoryTransport implements Transport, PeerLine {
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

  /** @param changes notified when the peer learns something */
  constructor(request: TransportRequest, listener: TransportListener, changes: Changes) {
    this.#listener = listener
    this.peer = new MemoryPeer(request, this, changes, listener.clock)
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
    this.peer.receiveOpen()
  }

  deliver(frame: Frame): void {
    if (this.peer.isHalfOpen) return
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
      else if (!this.peer.isHalfOpen) this.peer.receivePing(sent.data)
      sent.flushed?.()
      if (sent.kind === 'message' && !this.peer.isHalfOpen) this.peer.receiveMessage(sent.data, sent.fragment)
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
    if (this.isOpen && !this.peer.isHalfOpen) this.peer.inbox.pongs.push(data)
  }

  close(code: number, reason: string): void {
    if (!this.#hasOpened) this.terminate()
    if (!this.isOpen) return
    this.isOpen = false
    if (!this.peer.isHalfOpen) this.peer.receiveClose(code, reason)
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
