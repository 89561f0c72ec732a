import { describeValue } from '../core/describe-value.js'

/** A message's sequence number; a `bigint` if it can exceed 2^53. */
export type SequenceNumber = number | bigint

/** Returns the number plus `step`. */
export function plus(number: SequenceNumber, step: number): SequenceNumber {
  return typeof number === 'bigint' ? number + BigInt(step) : number + step
}

/** @throws TypeError if the value is not an integer of at least `least` */
export function checkInteger(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new TypeError(`${name} must be an integer of at least ${least}, received ${String(value)}`)
}

/** @throws TypeError if the value is not a safe integer or a bigint */
export function checkNumber(name: string, value: unknown, verb = 'be'): asserts value is SequenceNumber {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return
  throw new TypeError(
    `${name} must ${verb} an integer up to 2^53 or a bigint, received ${typeof value === 'number' ? value : describeValue(value)}`,
  )
}
