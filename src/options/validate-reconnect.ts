import { RETRY_DEFAULTS } from '../connection/retry-policy.js'
import type { Mistake } from '../errors/startup-error.js'
import {
  checkFunctions,
  checkSync,
  checkTime,
  checkTimes,
  isFunction,
  isObject,
  shown,
  unknownNames,
} from './rules.js'

const TIMES = ['initialDelay', 'maxDelay', 'minUptime', 'maxRetryAfter']
const NAMES = [...TIMES, 'maxAttempts', 'delays', 'shouldReconnect']

/** Validates a `reconnect` option and returns the problems found. */
export function checkReconnect(reconnect: unknown, place: string): Mistake[] {
  if (reconnect === false) return []
  if (!isObject(reconnect)) {
    return [
      {
        place,
        cause: `expected an object or false, received ${shown(reconnect)}`,
        fix: 'use { maxDelay: 60_000 }, or false to end the connection on the first failure',
      },
    ]
  }
  const { maxAttempts } = reconnect
  const mistakes = [
    ...unknownNames(reconnect, place, NAMES),
    ...checkTimes(reconnect, place, TIMES, 0),
    ...checkFunctions(reconnect, place, ['shouldReconnect']),
    ...checkBackoff(reconnect, place),
  ]
  const isCount = maxAttempts === undefined || maxAttempts === Infinity || Number.isSafeInteger(maxAttempts)
  if (!isCount || (maxAttempts as number) < 1) {
    const cause = `expected a positive integer or Infinity, received ${shown(maxAttempts)}`
    const fix = 'use 1 or more, or set reconnect: false for a single attempt'
    mistakes.push({ place: `${place}.maxAttempts`, cause, fix })
  }
  return mistakes
}

function checkBackoff(given: Readonly<Record<string, unknown>>, place: string): Mistake[] {
  const { initialDelay, maxDelay, delays } = given
  if (delays !== undefined) {
    const mistakes = checkDelays(delays, `${place}.delays`)
    if (maxDelay === undefined) return mistakes
    const cause = 'delays replaces maxDelay'
    return [...mistakes, { place, cause, fix: 'remove one or the other' }]
  }
  const most = maxDelay ?? RETRY_DEFAULTS.maxDelay
  if (!isTime(initialDelay) || !isTime(most) || initialDelay <= most) return []
  const cause = `initialDelay (${initialDelay}) exceeds maxDelay (${most})`
  return [{ place, cause, fix: 'lower initialDelay or raise maxDelay' }]
}

function checkDelays(delays: unknown, place: string): Mistake[] {
  if (isFunction(delays)) return checkSync(delays, place)
  const isList = Array.isArray(delays) && delays.length > 0
  if (isList && delays.every(isTime)) return []
  const received = Array.isArray(delays) ? '' : `, received ${shown(delays)}`
  const cause = `expected a non-empty list of milliseconds${received}`
  return [{ place, cause, fix: 'use delays: [1_000, 5_000], or a function' }]
}

function isTime(value: unknown): value is number {
  return checkTime(value, '', 0).length === 0
}
