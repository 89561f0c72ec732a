import { LateMessage } from '../codecs/late-message.js'
import type { SendOptions } from '../transports/send-options.js'
import type { Transport } from '../transports/transport.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { RateLimiter } from './rate-limiter.js'

/** Frame that waits for the rate limiter. */
export interface RateLimitedFrame {
  /** Data of a message, or the message if it is not encoded yet; `undefined` for a ping. */
  readonly data: string | Uint8Array | LateMessage | undefined
  /** Transport to send it on. During a handover, two transports share one limiter. */
  readonly owner: RateLimitedTransport
  run(): void
}

/** Message that waits for the rate limiter. */
interface MessageFrame extends RateLimitedFrame {
  data: string | Uint8Array
}

/** Transport that sends messages and pings only as fast as a rate limiter allows. */
export class RateLimitedTransport implements Transport {
  readonly #socket: Transport
  readonly #limiter: RateLimiter<RateLimitedFrame>
  #waitingMessages = 0
  #waitingLate = 0
  #waitingBytes = 0
  #drained: Deferred<void> | undefined

  constructor(transport: Transport, limiter: RateLimiter<RateLimitedFrame>) {
    this.#socket = transport
    this.#limiter = limiter
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount + this.#waitingBytes
  }

  /** Number of waiting messages that are not encoded yet. */
  get waitingLate(): number {
    return this.#waitingLate
  }

  /** Transport that frames are passed to when the limiter allows. */
  get socket(): Transport {
    return this.#socket
  }

  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get isOpen(): boolean {
    return this.#socket.isOpen
  }

  /** Sends a message when the limiter allows. Bytes that have to wait are copied, because the caller may reuse their memory. */
  send(data: string | Uint8Array, flushed?: () => void, options?: SendOptions): void {
    const frame = this.#frame(data, flushed, options)
    if (this.#limiter.push(frame)) frame.data = copyBytes(data)
  }

  /**
   * Sends a message when the limiter allows, and encodes it only then.
   *
   * @param make returns the data; `undefined` if there is nothing to send
   */
  sendLate(
    late: LateMessage,
    make: () => string | Uint8Array | undefined,
    flushed: () => void,
    options?: SendOptions,
  ): void {
    this.#waitingMessages += 1
    this.#waitingLate += 1
    const run = (): void => {
      this.#waitingMessages -= 1
      this.#waitingLate -= 1
      const data = make()
      if (data !== undefined) this.#socket.send(data, flushed, options)
      this.#resolveDrained()
    }
    this.#limiter.push({ data: late, owner: this, run })
  }

  /** Sends a heartbeat ahead of ordinary frames. The heartbeat can use the reserve. */
  sendUrgent(data: string | Uint8Array, flushed?: () => void): void {
    const frame = this.#frame(data, flushed, undefined)
    if (this.#limiter.pushUrgent(frame)) frame.data = copyBytes(data)
  }

  ping(data: Uint8Array, flushed?: () => void): void {
    this.#limiter.pushUrgent({ data: undefined, owner: this, run: () => this.#socket.ping(data, flushed) })
  }

  pong(data: Uint8Array): void {
    this.#socket.pong(data)
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#socket.terminate()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
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
    const unsent = this.#limiter.remove(({ owner }) => owner === this)
    this.#waitingMessages = 0
    this.#waitingLate = 0
    this.#waitingBytes = 0
    this.#resolveDrained()
    return unsent.flatMap(({ data }) => {
      if (data === undefined) return []
      return [data instanceof LateMessage ? data.source : data]
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
        this.#waitingMessages -= 1
        this.#waitingBytes -= size
        this.#socket.send(frame.data, flushed, options)
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

/** Returns the transport underneath the rate limit, if there is a limit. Anything that waits in that transport waits for the peer. */
export function socketOf<T extends object>(transport: T): T | Transport {
  return transport instanceof RateLimitedTransport ? transport.socket : transport
}
