import { checkNumber } from './numbers.js'
import type { SequenceNumber } from './numbers.js'

/** Bounds of numbers that wrap around: `lowest` follows `highest`. */
export interface RolloverOptions {
  /** The last number before the rollover, for example 65_535 or 4_294_967_295. Gaps are reported in its type, number or bigint. */
  readonly highest: SequenceNumber
  /** The number that follows it, for example 0 or 1. */
  readonly lowest: SequenceNumber
}

/**
 * Converts numbers that wrap around to positions that only rise, and back. Positions are bigints, because they exceed 2^53 if `highest` is close to
 * it.
 */
export class Rollover {
  readonly #highest: bigint
  readonly #lowest: bigint
  readonly #step: bigint
  /** Distance from a number to the same number of the next round. */
  readonly #cycle: bigint
  readonly #isBigint: boolean

  /** @throws TypeError for invalid bounds */
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

  /** @throws TypeError for a number that is out of bounds */
  check(name: string, number: SequenceNumber): void {
    if (number >= this.#lowest && number <= this.#highest) return
    throw new TypeError(
      `${name} must be between ${this.#lowest} and ${this.#highest} (rollover), received ${number}`,
    )
  }

  /** Does the same for the previous number. For `lowest`, that can be `highest` or the computed `lowest - step`. */
  checkPrevious(name: string, number: SequenceNumber): void {
    if (BigInt(number) !== this.#lowest - this.#step) this.check(name, number)
  }

  /** Returns the position of a number that is closest to another position, at most half a round away. */
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

/** Returns the remainder, which is never negative. */
function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}
