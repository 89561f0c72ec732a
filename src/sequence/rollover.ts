import { checkNumber } from './numbers.js'
import type { SequenceNumber } from './numbers.js'

/** The numbers of a stream that wrap around: `lowest` follows `highest`. */
export interface RolloverOptions {
  /** The last number before the rollover: for example 65_535, or 4_294_967_295. Gaps are reported in its kind, number or bigint. */
  readonly highest: SequenceNumber
  /** The number that follows it: for example 0 or 1. */
  readonly lowest: SequenceNumber
}

/**
 * Turns numbers that wrap around into positions that only rise, and back. Positions are bigints: they grow past 2^53 where `highest` is
 * close to it.
 */
export class Rollover {
  readonly #highest: bigint
  readonly #lowest: bigint
  readonly #step: bigint
  /** The distance from a number to the same number of the next round. */
  readonly #cycle: bigint
  readonly #isBigint: boolean

  /** @throws TypeError for bounds that cannot be used */
  constructor({ highest, lowest }: RolloverOptions, step: number) {
    checkNumber('rollover.highest', highest)
    checkNumber('rollover.lowest', lowest)
    this.#isBigint = typeof highest === 'bigint'
    this.#highest = BigInt(highest)
    this.#lowest = BigInt(lowest)
    this.#step = BigInt(step)
    this.#cycle = this.#highest - this.#lowest + this.#step
    if (this.#cycle > this.#step && this.#cycle % this.#step === 0n) return
    throw new TypeError(
      `rollover.highest must exceed rollover.lowest by a multiple of step (${step}), received ${highest} and ${lowest}`,
    )
  }

  /** @throws TypeError for a number that the stream cannot have */
  check(name: string, number: SequenceNumber): void {
    if (number >= this.#lowest && number <= this.#highest) return
    throw new TypeError(
      `${name} must be between ${this.#lowest} and ${this.#highest} (rollover), received ${number}`,
    )
  }

  /** Likewise, for the number before another one. Before `lowest` it may be `lowest - step`, as it is computed, for `highest`. */
  checkPrevious(name: string, number: SequenceNumber): void {
    if (BigInt(number) !== this.#lowest - this.#step) this.check(name, number)
  }

  /** Returns the position of a number that is closest to another position: at most half a round from it. */
  positionOf(number: SequenceNumber, near: SequenceNumber): bigint {
    const distance = modulo(BigInt(number) - BigInt(near), this.#cycle)
    return BigInt(near) + (2n * distance > this.#cycle ? distance - this.#cycle : distance)
  }

  /** Returns the number at a position, of the kind that `highest` is. */
  numberAt(position: SequenceNumber): SequenceNumber {
    const number = this.#lowest + modulo(BigInt(position) - this.#lowest, this.#cycle)
    return this.#isBigint ? number : Number(number)
  }
}

/** Returns the remainder, from 0 on also for what is below 0. */
function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}
