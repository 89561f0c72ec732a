import { LateMessage } from '../codecs/late-message.js'
import type { Transport } from '../transports/transport.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { RateLimiter } from './rate-limiter.js'

/** One frame that waits for its time. */
export interface RateLimitedFrame {
  /** The data of a message, or what makes it; `undefined` for a ping. */
  readonly data: string | Uint8Array | LateMessage | undefined
  /** The transport to send it on: during a handover, two transports share one limiter. */
  readonly owner: RateLimitedTransport
  run(): void
}

/** A message that waits for its time. */
interface MessageFrame extends RateLimitedFrame {
  data: string | Uint8Array
}

/** A transport whose messages and pings leave no faster than a rate limiter lets them. */
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

  /** Number of messages that wait and are not made yet. */
  get waitingLate(): number {
    return this.#waitingLate
  }

  /** What the frames go to when it is their time. */
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

  /** Sends a message when the rate allows. Bytes that wait are copied: their owner may use them again. */
  send(data: string | Uint8Array, flushed?: () => void): void {
    const frame = this.#frame(data, flushed)
    if (this.#limiter.push(frame)) frame.data = copyBytes(data)
  }

  /**
   * Sends a message that is made when the rate allows it to be sent.
   *
   * @param make returns the data; `undefined` if there is nothing to send
   */
  sendLate(late: LateMessage, make: () => string | Uint8Array | undefined, flushed: () => void): void {
    this.#waitingMessages += 1
    this.#waitingLate += 1
    const run = (): void => {
      this.#waitingMessages -= 1
      this.#waitingLate -= 1
      const data = make()
      if (data !== undefined) this.#socket.send(data, flushed)
      this.#resolveDrained()
    }
    this.#limiter.push({ data: late, owner: this, run })
  }

  /** Sends before all that is not urgent, and may use what is reserved for that: heartbeats. */
  sendUrgent(data: string | Uint8Array, flushed?: () => void): void {
    const frame = this.#frame(data, flushed)
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

  /** Resolves when nothing waits any more. */
  whenDrained(): Promise<void> {
    if (this.#waitingMessages === 0) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /** Gives up the frames of this transport that wait, and returns the messages among them: the function of one that is not made yet. */
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

  #frame(data: string | Uint8Array, flushed: (() => void) | undefined): MessageFrame {
    const size = data.length
    const frame: MessageFrame = {
      data,
      owner: this,
      run: () => {
        this.#waitingMessages -= 1
        this.#waitingBytes -= size
        this.#socket.send(frame.data, flushed)
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

/** Returns what is below the rate limit, if there is one: what waits there waits for the peer. */
export function socketOf<T extends object>(transport: T): T | Transport {
  return transport instanceof RateLimitedTransport ? transport.socket : transport
}
