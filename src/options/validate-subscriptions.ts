import type { Mistake } from '../errors/startup-error.js'
import { checkCount, checkFunctions, checkTime, isObject, shown, unknownNames } from './rules.js'

const FUNCTIONS = ['subscribe', 'unsubscribe', 'key', 'ack']

/** Validates a `subscriptions` option and returns the problems found. */
export function checkSubscriptions(subscriptions: unknown, place: string): Mistake[] {
  if (!isObject(subscriptions)) {
    const fix = 'use { subscribe: (topics) => message }'
    return [{ place, cause: `expected an object, received ${shown(subscriptions)}`, fix }]
  }
  const { ackTimeout, batch, subscribe } = subscriptions
  const mistakes = [
    ...unknownNames(subscriptions, place, [...FUNCTIONS, 'ackTimeout', 'batch']),
    ...checkFunctions(subscriptions, place, FUNCTIONS),
    ...(ackTimeout === undefined ? [] : checkTime(ackTimeout, `${place}.ackTimeout`, 1)),
    ...(batch === undefined ? [] : checkBatch(batch, `${place}.batch`)),
  ]
  if (subscribe !== undefined) return mistakes
  const fix = 'add subscribe: (topics) => message'
  return [...mistakes, { place: `${place}.subscribe`, cause: 'is missing', fix }]
}

function checkBatch(batch: unknown, place: string): Mistake[] {
  if (!isObject(batch))
    return [{ place, cause: `expected an object, received ${shown(batch)}`, fix: 'use { size, delay }' }]
  const { delay, size } = batch
  return [
    ...unknownNames(batch, place, ['size', 'delay']),
    ...(size === Infinity ? [] : checkCount(size, `${place}.size`)),
    ...(delay === undefined ? [] : checkTime(delay, `${place}.delay`, 0)),
  ]
}
