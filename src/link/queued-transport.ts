import { ChunkedMessage } from '../codecs/chunked-message.js'
import { LateMessage } from '../codecs/late-message.js'
import { frameChannel } from '../diagnostics/channels.js'
import { publishMessageFrame } from '../diagnostics/frames.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import type { SendOptions, Transport } from '../transports/transport.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { MessageGate } from './fragmented-send.js'
import type { FragmentedSend } from './fragmented-send.js'
import type { RateLimiter } from './rate-limiter.js'

/** Frame that waits for the rate limiter, or for the end of a fragmented message. */
export interface QueuedFrame {
  /** Data of a message, or the message if it is not encoded yet; `undefined` for a ping. */
  readonly data: string | Uint8Array | LateMessage | ChunkedMessage | undefined
  /** Transport to send it on. During a handover, two transports share one limiter. */
  readonly owner: QueuedTransport
  run(): void
}

/** Message that waits. */
interface MessageFrame extends QueuedFrame {
  data: string | Uint8Array
}

/**
 * Transport that sends messages and pings only as fast as a rate limiter allows, and sends no other message while one is sent in fragments
 * (RFC 6455, section 5.4).
 */
export class QueuedTransport implements Transport {
  /** Transport that frames are passed to when they no longer have to wait. */
  readonly socket: Transport
  readonly #limiter: RateLimiter<QueuedFrame> | undefined
  readonly #source: DiagnosticSource
  #waitingMessages = 0
  #waitingLate = 0
  #waitingBytes = 0
  #drained: Deferred<void> | undefined
  /** Closed while a message is sent in fragments. */
  readonly #gate = new MessageGate<QueuedFrame>()

  /**
   * @param limiter `undefined` if there is no limit
   * @param source the link, for diagnostics
   */
  constructor(transport: Transport, limiter: RateLimiter<QueuedFrame> | undefined, source: DiagnosticSource) {
    this.socket = transport
    this.#limiter = limiter
    this.#source = source
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount + this.#waitingBytes
  }

  /** Number of waiting messages that are not encoded yet. */
  get waitingLate(): number {
    return this.#waitingLate
  }

  /** True if a message sent now would have to wait, or has to be counted by the limiter. */
  get isQueueing(): boolean {
    return this.#limiter !== undefined || this.#gate.isClosed
  }

  get bytesRead(): number {
    return this.socket.bytesRead
  }

  get protocol(): string {
    return this.socket.protocol
  }

  get isOpen(): boolean {
    return this.socket.isOpen
  }

  /** Sends a message when it no longer has to wait. Bytes that have to wait are copied, because the caller may reuse their memory. */
  send(data: string | Uint8Array, flushed?: () => void, options?: SendOptions): void {
    if (!this.isQueueing) {
      this.#write(data, flushed, options)
      return
    }
    const frame = this.#frame(data, flushed, options)
    if (!this.#limiter) frame.run()
    else if (this.#limiter.push(frame)) frame.data = copyBytes(data)
  }

  #write(data: string | Uint8Array, flushed?: () => void, options?: SendOptions): void {
    if (frameChannel.hasSubscribers) publishMessageFrame(this.#source, 'transmit', data)
    this.socket.send(data, flushed, options)
  }

  /**
   * Sends a message when it no longer has to wait, and encodes it only then.
   *
   * @param make returns the data; `undefined` if there is nothing to send
   */
  sendLate(
    late: LateMessage,
    make: () => string | Uint8Array | undefined,
    flushed: () => void,
    options?: SendOptions,
  ): void {
    this.#pushLate(late, () => {
      this.#waitingMessages -= 1
      const data = make()
      if (data !== undefined) this.#write(data, flushed, options)
      this.#resolveDrained()
    })
  }

  /**
   * Sends a message in fragments when it no longer has to wait. All later messages wait for its end.
   *
   * @param create receives a function to call at the end of the message
   */
  sendChunked(message: ChunkedMessage, create: (onEnd: () => void) => FragmentedSend): void {
    const onEnd = (): void => {
      this.#waitingMessages -= 1
      this.#gate.open()
      this.#resolveDrained()
    }
    this.#pushLate(message, () => this.#gate.begin(create(onEnd)))
  }

  #pushLate(data: LateMessage | ChunkedMessage, send: () => void): void {
    this.#waitingMessages += 1
    this.#waitingLate += 1
    const frame: QueuedFrame = {
      data,
      owner: this,
      run: () => {
        if (this.#gate.holds(frame)) return
        this.#waitingLate -= 1
        send()
      },
    }
    if (this.#limiter) this.#limiter.push(frame)
    else frame.run()
  }

  /** Sends a heartbeat ahead of ordinary frames. The heartbeat can use the reserve. */
  sendUrgent(data: string | Uint8Array, flushed?: () => void): void {
    const frame = this.#frame(data, flushed, undefined)
    if (!this.#limiter) frame.run()
    else if (this.#limiter.pushUrgent(frame)) frame.data = copyBytes(data)
  }

  /** Sends a ping when the limiter allows. Control frames are also sent between fragments. */
  ping(data: Uint8Array, flushed?: () => void): void {
    if (!this.#limiter) this.socket.ping(data, flushed)
    else
      this.#limiter.pushUrgent({ data: undefined, owner: this, run: () => this.socket.ping(data, flushed) })
  }

  pong(data: Uint8Array): void {
    this.socket.pong(data)
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  terminate(): void {
    this.socket.terminate()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Resolves when no message is waiting. */
  whenDrained(): Promise<void> {
    if (this.#waitingMessages === 0) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /**
   * Discards this transport's waiting frames. Returns the messages among them; for a message that is not encoded yet, returns its source.
   */
  clear(): unknown[] {
    const { current, held } = this.#gate.clear()
    const limited = this.#limiter?.remove(({ owner }) => owner === this) ?? []
    const frames = [...held, ...limited]
    this.#waitingMessages = 0
    this.#waitingLate = 0
    this.#waitingBytes = 0
    this.#resolveDrained()
    return [...current, ...frames.map(({ data }) => data)].flatMap((data) => {
      if (data === undefined) return []
      if (data instanceof ChunkedMessage) data.end()
      return [data instanceof LateMessage || data instanceof ChunkedMessage ? data.source : data]
    })
  }

  #frame(
    data: string | Uint8Array,
    flushed: (() => void) | undefined,
    options: SendOptions | undefined,
  ): MessageFrame {
    const size = data.length
    const frame: MessageFrame = {
      data,
      owner: this,
      run: () => {
        if (this.#gate.holds(frame)) {
          frame.data = copyBytes(frame.data)
          return
        }
        this.#waitingMessages -= 1
        this.#waitingBytes -= size
        this.#write(frame.data, flushed, options)
        this.#resolveDrained()
      },
    }
    this.#waitingMessages += 1
    this.#waitingBytes += size
    return frame
  }

  #resolveDrained(): void {
    if (this.#waitingMessages > 0) return
    this.#drained?.resolve()
    this.#drained = undefined
  }
}

/** Returns the transport underneath the queue, if there is one. Anything that waits in that transport waits for the peer. */
export function socketOf<T extends object>(transport: T): T | Transport {
  return transport instanceof QueuedTransport ? transport.socket : transport
}
