/** A call stack that is formatted only when it is read. */
export interface CallSite {
  readonly stack?: string | undefined
}

/** Records where a function was called from. The function must be running. */
export function callerOf(called: (...values: never[]) => unknown): CallSite {
  const site: CallSite = {}
  ;(Error as Partial<ErrorConstructor>).captureStackTrace?.(site, called)
  return site
}

/**
 * Returns a call site as text with a leading space, for example ` at feed.js:12:30`. Returns `''` if the platform does not record stacks.
 */
export function describeCallSite({ stack = '' }: CallSite): string {
  const place = /^ *at (?:async )?(?:.*[(])?(.+:\d+:\d+)[)]?$/m.exec(stack)?.[1]
  return place === undefined ? '' : ` at ${place}`
}
