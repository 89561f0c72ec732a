import type { Mistake } from '../errors/startup-error.js'
import type { PeriodicOptions, PeriodicSettings } from '../link/periodic-messages.js'
import { checkSync, checkTime, isObject, shown, unknownNames } from './rules.js'

const NAMES = ['interval', 'message']

/** Validates a `periodic` option and returns the problems found. */
export function checkPeriodic(periodic: unknown, place: string): Mistake[] {
  if (periodic === false) return []
  if (!isObject(periodic)) {
    const fix = 'use { interval, message }, or false'
    return [{ place, cause: `expected an object or false, received ${shown(periodic)}`, fix }]
  }
  const { interval, message } = periodic
  const mistakes = unknownNames(periodic, place, NAMES)
  if (interval === undefined) {
    mistakes.push({ place, cause: '"interval" is missing', fix: 'add interval: 30_000' })
  } else mistakes.push(...checkTime(interval, `${place}.interval`, 1))
  if (message === undefined) {
    mistakes.push({ place, cause: '"message" is missing', fix: 'add message: () => …' })
  }
  return [...mistakes, ...checkSync(message, `${place}.message`)]
}

/** Fills in the defaults of a `periodic` option that has been validated. */
export function fillInPeriodic(option: PeriodicOptions | false | undefined): PeriodicSettings | undefined {
  if (!option) return undefined
  const { interval = Infinity, message } = option
  return { interval, message }
}
