import { checkNumber } from './numbers.js'
import type { SequenceNumber } from './numbers.js'

/** Bounds of numbers that wrap around: `lowest` follows `highest`. */
export interface RolloverOptions {
  /** The last number before the rollover, for example 65_535 or 4_294_967_295. Gaps are reported in the same type, number or bigint. */
  readonly highest: SequenceNumber
  /** The number that follows `highest`, for example 0 or 1. */
  readonly lowest: SequenceNumber
}

/**
 * Converts numbers that wrap around to positions that only increase, and back. Positions are bigints, because they can exceed 2^53 even if
 * `highest` does not.
 */
export class Rollover {
  readonly #highest: bigint
  readonly #lowest: bigint
  readonly #step: bigint
  /** Distance from a number to the same number in the next cycle. */
  readonly #cycle: bigint
  readonly #isBigint: boolean

  /** @throws TypeError if the bounds are invalid */
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

  /** @throws TypeError if the number is out of bounds */
  check(name: string, number: SequenceNumber): void {
    if (number >= this.#lowest && number <= this.#highest) return
    throw new TypeError(
      `${name} must be between ${this.#lowest} and ${this.#highest} (rollover), received ${number}`,
    )
  }

  /**
   * Checks the number of a previous message. The message before `lowest` can have the number `highest`, or the
   * computed number `lowest - step`.
   */
  checkPrevious(name: string, number: SequenceNumber): void {
    if (BigInt(number) !== this.#lowest - this.#step) this.check(name, number)
  }

  /** Returns the position of a number that is closest to the position `near`: at most half a cycle away. */
  positionOf(number: SequenceNumber, near: SequenceNumber): bigint {
    const distance = modulo(BigInt(number) - BigInt(near), this.#cycle)
    return BigInt(near) + (2n * distance > this.#cycle ? distance - this.#cycle : distance)
  }

  /** Returns the number at a position, in the type of `highest`. */
  numberAt(position: SequenceNumber): SequenceNumber {
    const number = this.#lowest + modulo(BigInt(position) - this.#lowest, this.#cycle)
    return this.#isBigint ? number : Number(number)
  }
}

/** Returns the remainder of a division as a non-negative number. */
function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}
