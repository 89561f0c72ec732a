/** Holds a stack that is formatted only when it is read. */
export interface CallSite {
  readonly stack?: string | undefined
}

/** Records the caller of a function, which must be running. */
export function callerOf(called: (...values: never[]) => unknown): CallSite {
  const site: CallSite = {}
  ;(Error as Partial<ErrorConstructor>).captureStackTrace?.(site, called)
  return site
}

/** Describes a call site with a leading space, such as ` at feed.js:12:30`. Returns `''` if the platform does not support it. */
export function describeCallSite({ stack = '' }: CallSite): string {
  const place = /^ *at (?:async )?(?:.*[(])?(.+:\d+:\d+)[)]?$/m.exec(stack)?.[1]
  return place === undefined ? '' : ` at ${place}`
}
