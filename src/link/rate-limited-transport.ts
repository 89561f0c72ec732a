import type { Transport } from '../transports/transport.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { RateLimiter } from './rate-limiter.js'

/** One frame that waits for its time. */
export interface RateLimitedFrame {
  /** What was to be sent; `undefined` for a ping. */
  readonly data: string | Uint8Array | undefined
  /** The transport to send it on: during a handover, two transports share one limiter. */
  readonly owner: RateLimitedTransport
  run(): void
}

/** A transport whose messages and pings leave no faster than a rate limiter lets them. */
export class RateLimitedTransport implements Transport {
  readonly #transport: Transport
  readonly #limiter: RateLimiter<RateLimitedFrame>
  #waitingBytes = 0
  #drained: Deferred<void> | undefined

  constructor(transport: Transport, limiter: RateLimiter<RateLimitedFrame>) {
    this.#transport = transport
    this.#limiter = limiter
  }

  get bufferedAmount(): number {
    return this.#transport.bufferedAmount + this.#waitingBytes
  }

  get protocol(): string {
    return this.#transport.protocol
  }

  get isOpen(): boolean {
    return this.#transport.isOpen
  }

  send(data: string | Uint8Array, flushed?: () => void): void {
    this.#limiter.push(this.#frame(data, flushed))
  }

  /** Sends before all that is not urgent, and may use what is reserved for that: heartbeats. */
  sendUrgent(data: string | Uint8Array): void {
    this.#limiter.pushUrgent(this.#frame(data, undefined))
  }

  ping(data: Uint8Array): void {
    this.#limiter.pushUrgent({ data: undefined, owner: this, run: () => this.#transport.ping(data) })
  }

  pong(data: Uint8Array): void {
    this.#transport.pong(data)
  }

  close(code: number, reason: string): void {
    this.#transport.close(code, reason)
  }

  terminate(): void {
    this.#transport.terminate()
  }

  pause(): void {
    this.#transport.pause()
  }

  resume(): void {
    this.#transport.resume()
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
    this.#drained?.resolve()
    return unsent.flatMap(({ data }) => (data === undefined ? [] : [data]))
  }

  #frame(data: string | Uint8Array, flushed: (() => void) | undefined): RateLimitedFrame {
    // Counted with one byte at least, so that an empty message is waited for, too.
    const size = Math.max(1, data.length)
    this.#waitingBytes += size
    const run = (): void => {
      this.#waitingBytes -= size
      this.#transport.send(data, flushed)
      if (this.#waitingBytes === 0) this.#drained?.resolve()
    }
    return { data, owner: this, run }
  }
}
