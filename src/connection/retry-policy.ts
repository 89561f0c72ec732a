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

/** The time and the randomness that the policy needs. */
export interface PolicySources {
  /** Its wall time is for `Retry-After` dates. */
  readonly clock: Pick<Clock, 'now' | 'date'>
  /** Returns a number from 0 up to 1. */
  readonly random: () => number
}

/** Receives the error if `shouldReconnect` or `delays` threw, or returned something unusable. The default applies then. */
interface RetryPolicyPort {
  report(error: Error, stage: Stage, consequence: string): void
}

/** Facts that the verdict on a failure depends on, in addition to the failure. */
export interface VerdictFacts {
  /** True once `@OnOpen` has completed on this connection. */
  readonly hasSucceeded: boolean
  /** True if `@OnOpen` failed: it threw, or took too long. */
  readonly isOpenFailure?: boolean | undefined
  /** Milliseconds that the server asked to wait (`Retry-After`). */
  readonly retryAfter?: number | undefined
  /** Maximum of it that is waited, in milliseconds. */
  readonly maxRetryAfter: number
}

/** Facts that a judgement depends on, in addition to the failure. */
export interface JudgeFacts extends Pick<VerdictFacts, 'hasSucceeded' | 'isOpenFailure'> {
  /** True if the link that was lost had held: its loss is the first failure in a row. */
  readonly isForgiven: boolean
}

/** A failure that has been judged, and is not counted yet. */
interface Judged {
  readonly failure: Failure
  /** The time before which the server asked not to come back. */
  readonly retryAt?: number
}

/** Counts attempts and failures, and decides after each failure whether to retry, and when. It owns no timer. */
export class RetryPolicy {
  readonly #option: RetrySettings | false
  readonly #sources: PolicySources
  readonly #port: RetryPolicyPort
  #attempts = 0
  #failures = 0
  #failingSince: number
  /** When the last attempt started; `undefined` if it led to a link that held. */
  #lastStart: number | undefined
  #judged: Judged | undefined
  #last: Judged | undefined

  constructor(settings: RetrySettings | false, sources: PolicySources, port: RetryPolicyPort) {
    this.#option = settings
    this.#sources = sources
    this.#port = port
    this.#failingSince = wholeNow(sources.clock)
  }

  get #settings(): RetrySettings {
    return this.#option || RETRY_DEFAULTS
  }

  /** The failure that was noted last. */
  get lastFailure(): Failure | undefined {
    return this.#last?.failure
  }

  /** Counts an attempt that starts now, and returns its number: from 1, and again from 1 after a link that held. */
  countAttempt(): number {
    this.#lastStart = wholeNow(this.#sources.clock)
    this.#attempts += 1
    return this.#attempts
  }

  get nextAttempt(): number {
    return this.#attempts + 1
  }

  /** Milliseconds since the start, or since a link that had held for `minUptime` was lost. */
  get elapsed(): number {
    return this.#sources.clock.now() - this.#failingSince
  }

  /** Returns true if a link that has been ready since `readyAt` has held for `minUptime`. */
  isStable(readyAt: number | undefined): boolean {
    return readyAt !== undefined && wholeNow(this.#sources.clock) - readyAt >= this.#settings.minUptime
  }

  /** Judges a failure, and counts nothing. Calls `shouldReconnect` and `delays`. */
  judge(failure: Failure, facts: JudgeFacts): RetryDecision {
    this.#judged = { failure }
    if (this.#option === false) return { retry: false, exhausted: false }
    const { maxAttempts, maxRetryAfter } = this.#settings
    const { isForgiven } = facts
    const retryAfter = retryAfterOf(failure, this.#sources.clock)
    const isEnd = isFatal(failure, { ...facts, retryAfter, maxRetryAfter })
    // A fatal failure is reported as what it is, also if it is the last that was allowed.
    if (!isForgiven && this.#attempts >= maxAttempts) return { retry: false, exhausted: !isEnd }
    const chosen = this.#ask(failure) ?? !isEnd
    if (chosen === false) return { retry: false, exhausted: false }
    const spacing = isForgiven ? 0 : this.#spacing()
    if (typeof chosen === 'number') return { retry: true, delay: Math.max(chosen, spacing) }
    if (retryAfter !== undefined) return this.#waitAsAsked(failure, retryAfter, spacing)
    const delay = this.#delay(isForgiven ? 1 : this.#failures + 1)
    return { retry: true, delay: Math.max(delay, spacing) }
  }

  /** Counts a failure, and notes the one that was judged last, if it has not been noted yet. */
  count(): void {
    this.#failures += 1
    this.#last = this.#judged ?? this.#last
    this.#judged = undefined
  }

  /** Notes a failure that was not judged, such as a `reconnect()`. Counts nothing. */
  note(failure: Failure): void {
    this.#last = { failure }
    this.#judged = undefined
  }

  /** Counts again from nothing: the link had held. */
  forgive(): void {
    this.#attempts = 0
    this.#failures = 0
    this.#lastStart = undefined
    this.#failingSince = wholeNow(this.#sources.clock)
  }

  /** Draws the least time that a `reconnect()` or a handover has to wait from now on, in milliseconds: 0 if no failure is counted. */
  floor(): number {
    if (this.#failures === 0) return 0
    const asked = (this.#last?.retryAt ?? -Infinity) - this.#sources.clock.now()
    return Math.max(this.#spacing(), asked)
  }

  /** Draws how long the attempt after the last one still has to wait. */
  #spacing(): number {
    if (this.#lastStart === undefined) return 0
    const { clock, random } = this.#sources
    return Math.max(0, this.#lastStart + drawSpacing(this.#settings, random) - clock.now())
  }

  #ask(failure: Failure): boolean | number | undefined {
    return this.#call(() => {
      const answer: unknown = this.#settings.shouldReconnect?.(failure)
      if (answer === undefined || typeof answer === 'boolean' || isDelay(answer)) return answer
      throw invalid('shouldReconnect', 'true, false, a delay in milliseconds or undefined', answer)
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

  /** Calls a function of the user's. If it throws, that is reported, and the default applies. */
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
    this.#judged = { failure, retryAt: clock.now() + wait }
    // Chance keeps clients that were sent away together from returning together.
    return { retry: true, delay: Math.max(wait + random() * initialDelay, spacing), retryAfter }
  }
}

/** Describes a decision for the log, and a `Retry-After` with it. */
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

/** Returns the error for an unusable return value. A promise is one: it is not awaited, and its rejection is ignored. */
function invalid(option: string, expected: string, answer: unknown): TypeError {
  Promise.resolve(answer).catch(() => undefined)
  const received = typeof answer === 'number' ? answer : describeValue(answer)
  return new TypeError(`${option} must return ${expected}, received ${received}`)
}

// --- whether to retry -------------------------------------------------------------------------------------------------

/** Received close codes after which the same client would only fail again (RFC 6455, section 7.4.1). */
const FATAL_CLOSE_CODES: readonly (number | undefined)[] = [
  1002, // the server reports that we broke the protocol
  1003, // the server cannot handle this kind of data
  1007, // the server reports that our data is malformed
  1009, // the server reports that our message is too big
  1010, // the server lacks an extension that we require
]

/** HTTP 4xx that mean "later" rather than "no": request timeout, too early, too many requests. */
const RETRYABLE_STATUSES: readonly number[] = [408, 425, 429]

/** Certificates that become valid with time, or when the server renews them. */
const RETRYABLE_CERTIFICATE_ERRORS: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

/** Node's and OpenSSL's codes for a certificate that is not accepted. */
const CERTIFICATE_ERROR =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|ERROR_IN_CERT_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH_)/

/** Returns true if another attempt could not help. Everything that is not listed here is retried. */
export function isFatal(failure: Failure, facts: VerdictFacts): boolean {
  const { error, status } = failure
  // An @OnOpen may throw anything, errors of other connections included.
  if (facts.isOpenFailure) return !facts.hasSucceeded && !(error instanceof OnOpenTimeoutError)
  if (error instanceof InvalidUrlError) return true
  if (error instanceof ConnectOptionError) return error.isInvalidValue
  if (error instanceof HandshakeError && error.violation !== undefined) return true
  if (status !== undefined) return !facts.hasSucceeded && isFatalStatus(status, facts)
  if (error instanceof ConnectFailedError) return isFatalSystemCode(error.systemCode)
  return failure.initiator === 'remote' && FATAL_CLOSE_CODES.includes(failure.code)
}

function isFatalStatus(status: number, { retryAfter, maxRetryAfter }: VerdictFacts): boolean {
  if (retryAfter !== undefined) return retryAfter > maxRetryAfter
  return status < 500 && !RETRYABLE_STATUSES.includes(status)
}

function isFatalSystemCode(code = ''): boolean {
  return CERTIFICATE_ERROR.test(code) && !RETRYABLE_CERTIFICATE_ERRORS.includes(code)
}

// --- how long to wait -------------------------------------------------------------------------------------------------

/** Returns how many milliseconds the server asked to wait. */
function retryAfterOf({ headers }: Failure, clock: Pick<Clock, 'date'>): number | undefined {
  const value = headers?.['retry-after']
  return typeof value === 'string' ? parseRetryAfter(value, clock.date()) : undefined
}

/** Draws the least time between the starts of two attempts, of which the first did not lead to a connection that held. */
export function drawSpacing({ initialDelay }: BackoffSettings, random: () => number): number {
  return initialDelay / 2 + random() * initialDelay
}
