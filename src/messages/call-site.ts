/** Holds a stack that is only written out when somebody reads it. */
export interface CallSite {
  readonly stack?: string | undefined
}

/** Notes who called a function, which must be running. */
export function callerOf(called: (...values: never[]) => unknown): CallSite {
  const site: CallSite = {}
  ;(Error as Partial<ErrorConstructor>).captureStackTrace?.(site, called)
  return site
}

/** Describes a call site: ` at feed.js:12:30`, with a leading space; `''` where the platform does not tell. */
export function describeCallSite({ stack = '' }: CallSite): string {
  const place = /^ *at (?:async )?(?:.*[(])?(.+:\d+:\d+)[)]?$/m.exec(stack)?.[1]
  return place === undefined ? '' : ` at ${place}`
}
