import { describeResult } from './wait-error.js'

/**
 * Returns a random source for the `random` option. The same seed produces the same numbers on every machine and runtime, so that delays can
 * be repeated. Not suitable for secrets.
 *
 * @param seed an integer; only its lowest 32 bits count
 * @returns a function that returns the next number, from 0 (inclusive) to 1 (exclusive)
 * @throws TypeError if the seed is not an integer
 */
export function createSeededRandom(seed: number): () => number {
  if (!Number.isSafeInteger(seed))
    throw new TypeError(
      `Invalid seed: expected an integer, received ${describeResult(seed)}. Use for example 42`,
    )
  let state = seed >>> 0
  // mulberry32: integer arithmetic only, so no runtime can round differently.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
