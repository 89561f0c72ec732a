/** Tells whether a value is a promise, or anything else that `await` would wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Leaves a promise alone: nobody awaits it, and it must not become an unhandled rejection. */
export function ignore(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => undefined)
}

/**
 * Returns the answer of a user's function that has to answer at once. A promise is never taken for an answer.
 *
 * @param name the function, for the error
 * @throws TypeError for a promise
 */
export function syncAnswer<T>(answer: T, name: string): T {
  if (!isThenable(answer)) return answer
  ignore(answer)
  throw new TypeError(
    `${name} returned a promise, which is not awaited. Return the value itself, and do asynchronous work in a handler`,
  )
}
