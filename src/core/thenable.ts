/** Returns true for a promise, and for anything else that `await` would wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Keeps the rejection of a promise that nothing awaits from being treated as unhandled. */
export function ignore(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined)
}

/**
 * Returns the result of a user function that must be synchronous.
 *
 * @param name name of the function, for the error message
 * @throws TypeError if the result is a promise
 */
export function syncAnswer<T>(answer: T, name: string): T {
  if (!isThenable(answer)) return answer
  ignore(answer)
  throw new TypeError(
    `${name} returned a promise, which is not awaited. Return the value itself, and do asynchronous work in a handler`,
  )
}
