import type { Mistake } from '../errors/startup-error.js'
import type { PeriodicOptions, PeriodicSettings } from '../link/periodic-messages.js'
import { checkSync, checkTime, isObject, shown, unknownNames } from './rules.js'

const NAMES = ['interval', 'message']

/** Returns the mistakes of a `periodic` option. */
export function checkPeriodic(periodic: unknown, place: string): Mistake[] {
  if (periodic === false) return []
  if (!isObject(periodic)) {
    const fix = 'use { interval, message }, or false'
    return [{ place, cause: `expected an object or false, received ${shown(periodic)}`, fix }]
  }
  const { interval, message } = periodic
  const mistakes = unknownNames(periodic, place, NAMES)
  if (interval === undefined) {
    mistakes.push({ place, cause: 'interval is missing', fix: 'add interval: 30_000' })
  } else mistakes.push(...checkTime(interval, `${place}.interval`, 1))
  if (message === undefined) {
    mistakes.push({ place, cause: 'message is missing', fix: 'add message: () => …' })
  }
  return [...mistakes, ...checkSync(message, `${place}.message`)]
}

/** Fills in an option that has been checked. */
export function fillInPeriodic(option: PeriodicOptions | false | undefined): PeriodicSettings | undefined {
  if (!option) return undefined
  const { interval = Infinity, message } = option
  return { interval, message }
}
