/**
 * Adds a property that is computed when it is read, and that neither `JSON.stringify` nor `util.inspect` nor a spread shows. Returns the same
 * object.
 */
export function hidden<T extends object, N extends string, V>(
  target: T,
  name: N,
  get: () => V,
): T & Readonly<Record<N, V>> {
  return Object.defineProperty(target, name, { get, enumerable: false }) as T & Readonly<Record<N, V>>
}
