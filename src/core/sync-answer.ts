/**
 * Returns the answer of a user's function that has to answer at once. A promise would count as "yes".
 *
 * @param name the function, for the error
 * @throws TypeError for a promise
 */
export function syncAnswer<T>(answer: T, name: string): T {
  if (!isThenable(answer)) return answer
  // The error says it all: a rejection of that promise is not "unhandled" as well.
  answer.then(undefined, () => undefined)
  throw new TypeError(
    `${name} returned a promise, which would count as "yes". Return the answer itself, and do asynchronous work elsewhere`,
  )
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
