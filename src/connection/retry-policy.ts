import { drawDelay, wholeNow } from '../core/clock.js'
import type { BackoffSettings, Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { toError } from '../core/error-text.js'
import {
  ConnectFailedError,
  ConnectOptionError,
  HandshakeError,
  InvalidUrlError,
  OnOpenTimeoutError,
  isCertificateError,
} from '../errors/connection-errors.js'
import type { Stage } from '../errors/stage.js'
import type { Failure, RetryDecision } from '../session/disconnect.js'
import { parseRetryAfter } from './retry-after.js'

/** The `reconnect` option with every default filled in. Times are in milliseconds. */
export interface RetrySettings {
  readonly initialDelay: number
  readonly maxDelay: number
  readonly minUptime: number
  readonly maxAttempts: number
  readonly maxRetryAfter: number
  readonly delays?: readonly number[] | ((failures: number) => number) | undefined
  readonly shouldReconnect?: ((failure: Failure) => boolean | number | undefined) | undefined
}

export const RETRY_DEFAULTS = {
  initialDelay: 2_000,
  maxDelay: 30_000,
  minUptime: 5_000,
  maxAttempts: Infinity,
  maxRetryAfter: 3_600_000,
} as const

/** Sources of time and random numbers. */
export interface PolicySources {
  /** The wall clock is used only for `Retry-After` dates. */
  readonly clock: Pick<Clock, 'now' | 'date'>
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number
}

/** Receives the error if `shouldReconnect` or `delays` threw or returned an invalid value. The policy then uses the default. */
interface RetryPolicyPort {
  report(error: Error, stage: Stage, consequence: string): void
}

/** Information that determines, together with the failure itself, whether the failure is fatal. */
export interface RetryFacts {
  /** True once `@OnOpen` completes on this connection. */
  readonly hasSucceeded: boolean
  /** True if `@OnOpen` threw or timed out. */
  readonly isOpenFailure?: boolean | undefined
  /** Delay that the server asked for (`Retry-After`), in milliseconds. */
  readonly retryAfter?: number | undefined
  /** Maximum `Retry-After` to honor, in milliseconds. */
  readonly maxRetryAfter: number
}

/** Information that determines, together with the failure itself, the retry decision. */
export interface DecisionFacts extends Pick<RetryFacts, 'hasSucceeded' | 'isOpenFailure'> {
  /** True if the lost link had been ready for `minUptime`, so that this failure is the first in a row. */
  readonly isForgiven: boolean
}

/** A failure and its retry decision, not counted yet. */
interface Decided {
  readonly failure: Failure
  /** Monotonic time until which the server asked clients not to reconnect. */
  readonly retryAt?: number
}

/** Counts attempts and failures, and decides after each failure whether and when to retry. Does not set timers itself. */
export class RetryPolicy {
  readonly #option: RetrySettings | false
  readonly #sources: PolicySources
  readonly #port: RetryPolicyPort
  #attempts = 0
  #failures = 0
  #failingSince: number
  /** Start time of the last attempt; `undefined` if that attempt led to a stable link. */
  #lastStart: number | undefined
  #decided: Decided | undefined
  #last: Decided | undefined

  constructor(settings: RetrySettings | false, sources: PolicySources, port: RetryPolicyPort) {
    this.#option = settings
    this.#sources = sources
    this.#port = port
    this.#failingSince = wholeNow(sources.clock)
  }

  get #settings(): RetrySettings {
    return this.#option || RETRY_DEFAULTS
  }

  /** The last recorded failure. */
  get lastFailure(): Failure | undefined {
    return this.#last?.failure
  }

  /** Counts an attempt that starts now or waits for the connect limiter, and returns its number. Numbers start at 1, and again at 1 after a stable link. */
  countAttempt(): number {
    this.#lastStart = wholeNow(this.#sources.clock)
    this.#attempts += 1
    return this.#attempts
  }

  /** Called when an attempt that was already counted starts later, because it had to wait. */
  onDelayedStart(): void {
    this.#lastStart = wholeNow(this.#sources.clock)
  }

  get nextAttempt(): number {
    return this.#attempts + 1
  }

  /** Milliseconds since the start, or since the loss of the last link that had been ready for `minUptime`. */
  get elapsed(): number {
    return this.#sources.clock.now() - this.#failingSince
  }

  /** Returns true if a link that became ready at `readyAt` has been ready for `minUptime`. */
  isStable(readyAt: number | undefined): boolean {
    return readyAt !== undefined && wholeNow(this.#sources.clock) - readyAt >= this.#settings.minUptime
  }

  /** Returns the retry decision for a failure, without counting it. Calls `shouldReconnect` and `delays`. */
  decide(failure: Failure, facts: DecisionFacts): RetryDecision {
    this.#decided = { failure }
    if (this.#option === false) return { retry: false, exhausted: false }
    const { maxAttempts, maxRetryAfter } = this.#settings
    const { isForgiven } = facts
    const retryAfter = retryAfterOf(failure, this.#sources.clock)
    const isEnd = isFatal(failure, { ...facts, retryAfter, maxRetryAfter })
    // A fatal failure is reported as such, even if the attempt was also the last one allowed.
    if (!isForgiven && this.#attempts >= maxAttempts) return { retry: false, exhausted: !isEnd }
    const chosen = this.#ask(failure) ?? !isEnd
    if (chosen === false) return { retry: false, exhausted: false }
    const spacing = isForgiven ? 0 : this.#spacing()
    if (typeof chosen === 'number') return { retry: true, delay: Math.max(chosen, spacing) }
    if (retryAfter !== undefined) return this.#waitAsAsked(failure, retryAfter, spacing)
    const delay = this.#delay(isForgiven ? 1 : this.#failures + 1)
    return { retry: true, delay: Math.max(delay, spacing) }
  }

  /** Counts a failure. Also records the failure of the last decision, unless it is already recorded. */
  count(): void {
    this.#failures += 1
    this.#last = this.#decided ?? this.#last
    this.#decided = undefined
  }

  /** Records a failure that needs no decision, such as a `reconnect()`. Does not count it. */
  note(failure: Failure): void {
    this.#last = { failure }
    this.#decided = undefined
  }

  /** Resets the counters after a stable link. */
  forgive(): void {
    this.#attempts = 0
    this.#failures = 0
    this.#lastStart = undefined
    this.#failingSince = wholeNow(this.#sources.clock)
  }

  /** Returns the minimum delay before a `reconnect()` or a handover, in milliseconds. Partly random; 0 if no failure is counted. */
  floor(): number {
    if (this.#failures === 0) return 0
    const asked = (this.#last?.retryAt ?? -Infinity) - this.#sources.clock.now()
    return Math.max(this.#spacing(), asked)
  }

  /** Returns the time until the next attempt may start. Partly random. */
  #spacing(): number {
    if (this.#lastStart === undefined) return 0
    const { clock, random } = this.#sources
    return Math.max(0, this.#lastStart + drawSpacing(this.#settings, random) - clock.now())
  }

  #ask(failure: Failure): boolean | number | undefined {
    return this.#call(() => {
      const answer: unknown = this.#settings.shouldReconnect?.(failure)
      if (answer === undefined || typeof answer === 'boolean' || isDelay(answer)) return answer
      throw invalid('shouldReconnect', 'true, false, a delay in milliseconds, or undefined', answer)
    })
  }

  #delay(failures: number): number {
    const { delays } = this.#settings
    const listed =
      typeof delays === 'function'
        ? this.#call(() => {
            const delay: unknown = delays(failures)
            if (isDelay(delay)) return delay
            throw invalid('delays', 'a delay in milliseconds', delay)
          })
        : delays?.[Math.min(failures, delays.length) - 1]
    return listed ?? drawDelay(this.#settings, failures, this.#sources.random)
  }

  /** Calls a user function. If the function throws, reports the error and returns `undefined`, which means the default. */
  #call<T>(ask: () => T): T | undefined {
    try {
      return ask()
    } catch (thrown) {
      this.#port.report(toError(thrown), 'connect', 'using the default')
      return undefined
    }
  }

  #waitAsAsked(failure: Failure, retryAfter: number, spacing: number): RetryDecision {
    const { initialDelay, maxRetryAfter } = this.#settings
    const { clock, random } = this.#sources
    const wait = Math.min(retryAfter, maxRetryAfter)
    this.#decided = { failure, retryAt: clock.now() + wait }
    // Randomness keeps clients that were disconnected together from reconnecting together.
    return { retry: true, delay: Math.max(wait + random() * initialDelay, spacing), retryAfter }
  }
}

/** Describes a decision for the log, including `Retry-After`. */
export function describeDecision(decision: RetryDecision): string {
  if (!decision.retry) return 'not retrying'
  const { delay, retryAfter } = decision
  const retrying = `retrying in ${Math.round(delay)} ms`
  if (retryAfter === undefined) return retrying
  const cut = retryAfter > delay ? ', more than reconnect.maxRetryAfter' : ''
  return `${retrying}: the server asked for ${retryAfter} ms (Retry-After)${cut}`
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

/** Returns the error for an invalid return value. A promise is also invalid: it is not awaited, and its rejection is ignored. */
function invalid(option: string, expected: string, answer: unknown): TypeError {
  Promise.resolve(answer).catch(() => undefined)
  const received = typeof answer === 'number' ? answer : describeValue(answer)
  return new TypeError(`${option} must return ${expected}, received ${received}`)
}

// --- whether to retry -------------------------------------------------------------------------------------------------

/** Received close codes that a retry cannot fix (RFC 6455, section 7.4.1). */
const FATAL_CLOSE_CODES: readonly (number | undefined)[] = [
  1002, // protocol error by this client
  1003, // unsupported data type
  1007, // malformed data
  1009, // message too big
  1010, // missing extension
]

/** HTTP 4xx statuses that are temporary: request timeout, too early, too many requests. */
const RETRYABLE_STATUSES: readonly number[] = [408, 425, 429]

/** Certificate errors that can go away over time, or when the server renews its certificate. */
const RETRYABLE_CERTIFICATE_ERRORS: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

/** Returns true if a retry cannot fix the failure. After any failure that is not listed here, Holdfast retries. */
export function isFatal(failure: Failure, facts: RetryFacts): boolean {
  const { error, status } = failure
  // @OnOpen can throw anything, even errors from other connections.
  if (facts.isOpenFailure) return !facts.hasSucceeded && !(error instanceof OnOpenTimeoutError)
  if (error instanceof InvalidUrlError) return true
  if (error instanceof ConnectOptionError) return error.isInvalidValue
  if (error instanceof HandshakeError && error.violation !== undefined) return true
  if (status !== undefined) return !facts.hasSucceeded && isFatalStatus(status, facts)
  if (error instanceof ConnectFailedError) return isFatalSystemCode(error.systemCode)
  return failure.initiator === 'remote' && FATAL_CLOSE_CODES.includes(failure.code)
}

function isFatalStatus(status: number, { retryAfter, maxRetryAfter }: RetryFacts): boolean {
  if (retryAfter !== undefined) return retryAfter > maxRetryAfter
  return status < 500 && !RETRYABLE_STATUSES.includes(status)
}

function isFatalSystemCode(code = ''): boolean {
  return isCertificateError(code) && !RETRYABLE_CERTIFICATE_ERRORS.includes(code)
}

// --- how long to wait -------------------------------------------------------------------------------------------------

/** Returns the delay that the server asked for, in milliseconds. */
function retryAfterOf({ headers }: Failure, clock: Pick<Clock, 'date'>): number | undefined {
  const value = headers?.['retry-after']
  return typeof value === 'string' ? parseRetryAfter(value, clock.date()) : undefined
}

/** Returns the minimum time between the starts of two attempts if the first did not lead to a stable link. Partly random. */
export function drawSpacing({ initialDelay }: BackoffSettings, random: () => number): number {
  return initialDelay / 2 + random() * initialDelay
}
