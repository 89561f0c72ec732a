import type { Mistake } from '../errors/startup-error.js'
import { checkSync, isFunction, isString, shown } from './rules.js'

/** Finds what is wrong with a route. */
export function checkRoute(route: unknown, place: string): Mistake[] {
  if (route === undefined) return []
  if (isString(route) && route !== '' && !route.includes('.')) return []
  const paths: readonly unknown[] = Array.isArray(route) ? route : [route]
  const fix =
    "give a property ('type'), a path ('data.e'), a position (0, -2), a function, or a list of these"
  if (paths.length === 0) return [{ place, cause: 'is an empty list', fix }]
  return paths.flatMap((path) => {
    if (isFunction(path)) return checkSync(path, place)
    if (Number.isSafeInteger(path)) return []
    if (!isString(path)) return [{ place, cause: `is ${shown(path)}`, fix }]
    return path.split('.').includes('') ? [{ place, cause: `'${path}' has an empty name in it`, fix }] : []
  })
}
