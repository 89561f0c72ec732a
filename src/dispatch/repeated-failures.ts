import type { Clock, Timer } from '../core/clock.js'
import type { ErrorContext } from '../annotations/handler-contexts.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import { LinkErrorContext } from './contexts.js'
import type { ErrorHandlers } from './error-handlers.js'

/** Interval at which failures with the same cause are reported, in milliseconds. */
const INTERVAL = 1_000

type Context = ErrorContext<HandlerConnection>

/** Failures with the same cause, the first of which has been reported. */
interface Cause {
  error: Error
  context: Context
  /** Consequence of each failure, for the log. */
  readonly consequence: string
  /** Number of failures that have not been reported yet. */
  count: number
  timer: Timer | undefined
}

/**
 * Reports the first failure with a given cause immediately, and later ones once a second with their count. Starts over after a second
 * without a failure.
 */
export class RepeatedFailures {
  readonly #clock: Clock
  readonly #errors: Pick<ErrorHandlers, 'handle'>
  readonly #causes = new Set<Cause>()
  #isStopped = false

  constructor(clock: Clock, errors: Pick<ErrorHandlers, 'handle'>) {
    this.#clock = clock
    this.#errors = errors
  }

  /** Adds a failure. Never throws or rejects. Returns a promise only if an `@OnError` is asynchronous. */
  add(error: Error, context: Context, consequence = ''): void | Promise<void> {
    for (const cause of this.#causes) {
      if (cause.consequence !== consequence || !isSame(cause, error, context)) continue
      cause.error = error
      cause.context = context
      cause.count += 1
      return undefined
    }
    if (!this.#isStopped) {
      const cause = { error, context, consequence, count: 0, timer: undefined }
      this.#causes.add(cause)
      this.#wait(cause)
    }
    return this.#errors.handle(error, context, consequence)
  }

  /** Reports all unreported failures immediately. */
  flush(): void {
    for (const cause of this.#causes) this.#report(cause)
  }

  /** Reports all unreported failures, and stops the timers. Later failures are reported individually. */
  stop(): void {
    this.#isStopped = true
    this.flush()
    for (const { timer } of this.#causes) timer?.cancel()
    this.#causes.clear()
  }

  #wait(cause: Cause): void {
    cause.timer = this.#clock.setTimeout(() => {
      if (cause.count === 0) this.#causes.delete(cause)
      else {
        this.#wait(cause)
        this.#report(cause)
      }
    }, INTERVAL)
  }

  #report(cause: Cause): void {
    const { error, context, consequence, count } = cause
    if (count === 0) return
    cause.count = 0
    void this.#errors.handle(error, times(context, count), consequence)
  }
}

/** Returns true if a failure has the same stage and error class and, for invalid messages, the same handler. */
function isSame(cause: Cause, error: Error, { stage, handler }: Context): boolean {
  const { context } = cause
  if (context.stage !== stage || cause.error.constructor !== error.constructor) return false
  return stage !== 'validate' || context.handler === handler
}

function times(context: Context, count: number): Context {
  return context instanceof LinkErrorContext ? context.times(count) : { ...context, count }
}

/** Returns true for a failure that can repeat without limit because of the server, a lost link or an option function. */
export function mayRepeat(error: Error, context: Context): boolean {
  const { stage } = context
  if (stage !== 'handle') return stage === 'decode' || stage === 'validate'
  const { signal } = context
  const reason: unknown = signal.reason
  return signal.aborted && (error === reason || error.cause === reason)
}
