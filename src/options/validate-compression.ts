import type { Mistake } from '../errors/startup-error.js'
import type { CompressionOptions } from '../transports/transport.js'
import { checkFlag, isObject, shown, unknownNames } from './rules.js'

const FIX = 'use true, false, or an object such as { threshold: 1_024, memLevel: 5 }'

/** Smallest and largest value of each option that is a number. */
const RANGES = {
  serverMaxWindowBits: [8, 15],
  clientMaxWindowBits: [8, 15],
  threshold: [0, Number.MAX_SAFE_INTEGER],
  level: [1, 9],
  memLevel: [1, 9],
} as const satisfies Partial<Record<keyof CompressionOptions, readonly [number, number]>>

const FLAGS: readonly (keyof CompressionOptions)[] = ['serverNoContextTakeover', 'clientNoContextTakeover']

/** Validates the `compression` option and returns the problems found. */
export function checkCompression(compression: unknown, place: string): Mistake[] {
  if (typeof compression === 'boolean') return []
  if (!isObject(compression) || Array.isArray(compression)) {
    const cause = `expected a boolean or an object, received ${shown(compression)}`
    return [{ place, cause, fix: FIX }]
  }
  return [
    ...unknownNames(compression, place, [...FLAGS, ...Object.keys(RANGES)]),
    ...FLAGS.flatMap((name) => checkFlag(compression[name], `${place}.${name}`)),
    ...Object.entries(RANGES).flatMap(([name, range]) =>
      checkRange(compression[name], `${place}.${name}`, range),
    ),
  ]
}

function checkRange(value: unknown, place: string, [least, most]: readonly [number, number]): Mistake[] {
  if (value === undefined) return []
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return []
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`
  return [
    {
      place,
      cause: `expected an integer, ${range}, received ${shown(value)}`,
      fix: `use a number: ${range}`,
    },
  ]
}
