import type { Mistake } from '../errors/startup-error.js'
import { checkSync, isFunction, isString, shown } from './rules.js'

/** Validates a route and returns the problems found. */
export function checkRoute(route: unknown, place: string): Mistake[] {
  if (route === undefined) return []
  if (isString(route) && route !== '' && !route.includes('.')) return []
  const paths: readonly unknown[] = Array.isArray(route) ? route : [route]
  const fix =
    "use a property ('type'), a path ('data.e'), a position in an array (0, -2), a function, or an array of these"
  if (paths.length === 0)
    return [{ place, cause: 'expected at least one route, received an empty array', fix }]
  return paths.flatMap((path) => {
    if (isFunction(path)) return checkSync(path, place)
    if (Number.isSafeInteger(path)) return []
    if (!isString(path))
      return [{ place, cause: `expected a string, an integer, or a function, received ${shown(path)}`, fix }]
    if (path === '') return [{ place, cause: 'expected a path, received an empty string', fix }]
    if (!path.split('.').includes('')) return []
    return [{ place, cause: `path "${path}" has an empty segment`, fix: 'remove the extra dot' }]
  })
}
