import type { Transport } from '../transports/transport.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { RateLimiter } from './rate-limiter.js'

/** One frame that waits for its time. */
export interface RateLimitedFrame {
  /** The data of a message; `undefined` for a ping. */
  readonly data: string | Uint8Array | undefined
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
  #waitingBytes = 0
  #drained: Deferred<void> | undefined

  constructor(transport: Transport, limiter: RateLimiter<RateLimitedFrame>) {
    this.#socket = transport
    this.#limiter = limiter
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount + this.#waitingBytes
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
    if (this.#waitingBytes === 0) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /** Gives up the frames of this transport that wait, and returns the messages among them. */
  clear(): (string | Uint8Array)[] {
    const unsent = this.#limiter.remove(({ owner }) => owner === this)
    this.#waitingBytes = 0
    this.#resolveDrained()
    return unsent.flatMap(({ data }) => (data === undefined ? [] : [data]))
  }

  #frame(data: string | Uint8Array, flushed: (() => void) | undefined): MessageFrame {
    // Counted with one byte at least, so that an empty message is waited for, too.
    const size = Math.max(1, data.length)
    const frame: MessageFrame = {
      data,
      owner: this,
      run: () => {
        this.#waitingBytes -= size
        this.#socket.send(frame.data, flushed)
        this.#resolveDrained()
      },
    }
    this.#waitingBytes += size
    return frame
  }

  #resolveDrained(): void {
    if (this.#waitingBytes > 0) return
    this.#drained?.resolve()
    this.#drained = undefined
  }
}

/** Returns what is below the rate limit, if there is one: what waits there waits for the peer. */
export function socketOf<T extends object>(transport: T): T | Transport {
  return transport instanceof RateLimitedTransport ? transport.socket : transport
}
