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

/** Finds what is wrong with the option. */
export function checkReconnect(reconnect: unknown, place: string): Mistake[] {
  if (reconnect === false) return []
  if (!isObject(reconnect)) {
    return [
      {
        place,
        cause: `is ${shown(reconnect)}`,
        fix: 'give an object, or false to end with the first failure',
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
    const fix = 'give a whole number from 1; reconnect: false makes one try only'
    mistakes.push({ place: `${place}.maxAttempts`, cause: `is ${shown(maxAttempts)}`, fix })
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
  const cause = `has an initialDelay (${initialDelay}) above its maxDelay (${most})`
  return [{ place, cause, fix: 'raise maxDelay or lower initialDelay' }]
}

function checkDelays(delays: unknown, place: string): Mistake[] {
  if (isFunction(delays)) return checkSync(delays, place)
  const isList = Array.isArray(delays) && delays.length > 0
  if (isList && delays.every(isTime)) return []
  const cause = Array.isArray(delays) ? 'is empty or has something that is no time' : `is ${shown(delays)}`
  return [{ place, cause, fix: 'list milliseconds, or give a function' }]
}

function isTime(value: unknown): value is number {
  return checkTime(value, '', 0).length === 0
}
