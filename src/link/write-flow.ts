import { describeValue } from '../core/describe-value.js'
import type { Transport } from '../transports/transport.js'
import { RESOLVED } from '../core/deferred.js'
import { LOW_WATER_SHARE } from '../core/water-marks.js'

/** The sends of one link, and their flow control. */
export class WriteFlow {
  readonly #transport: Transport
  readonly #highWaterMark: number
  /** perf: saves 30 B per idle connection. */
  #waiting: (() => void)[] | undefined

  constructor(transport: Transport, highWaterMark: number) {
    this.#transport = transport
    this.#highWaterMark = highWaterMark
  }

  /**
   * Hands a frame to the transport.
   *
   * @returns a promise that is flow control only: settled already below the high-water mark, resolved at the low mark or at the
   * link's end otherwise; it never rejects
   */
  send(data: string | Uint8Array): Promise<void> {
    const isHigh =
      this.#waiting !== undefined || this.#transport.bufferedAmount + data.length >= this.#highWaterMark
    if (!isHigh) {
      this.#transport.send(data)
      return RESOLVED
    }
    this.#transport.send(data, () => this.#onFlushed())
    if (this.#transport.bufferedAmount < this.#highWaterMark) return RESOLVED
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve))
  }

  /** Lets everybody go on: the link has ended. */
  end(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const resolve of waiting ?? []) resolve()
  }

  #onFlushed(): void {
    if (this.#transport.bufferedAmount <= this.#highWaterMark * LOW_WATER_SHARE) this.end()
  }
}

/**
 * Checks what is sent as it is.
 *
 * @throws TypeError for anything but text and bytes, naming the method that was meant
 */
export function checkRaw(data: unknown): asserts data is string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return
  throw new TypeError(
    `send() sends text or bytes as they are, and was given ${describeValue(data)}: use sendJson() or sendMessage() for values`,
  )
}
