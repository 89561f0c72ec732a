import { wholeNow } from '../core/clock.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import type { Stage } from '../errors/stage.js'
import type { Failure, RetryDecision } from '../session/disconnect.js'
import { describeValue } from '../core/describe-value.js'
import { ConnectFailedError, HandshakeError, InvalidUrlError } from '../errors/connection-errors.js'

/** How reconnecting goes, defaults filled in. */
export interface RetrySettings {
  readonly initialDelay: number
  readonly maxDelay: number
  readonly minUptime: number
  readonly maxAttempts: number
  readonly delays?: readonly number[] | ((failures: number) => number)
  readonly shouldReconnect?: (failure: Failure) => boolean | number | undefined
}

export const RETRY_DEFAULTS = {
  initialDelay: 2_000,
  maxDelay: 30_000,
  minUptime: 5_000,
  maxAttempts: Infinity,
} as const

/** Received close codes after which the same client would only fail again (RFC 6455, section 7.4.1). */
const FATAL_CLOSE_CODES: ReadonlyMap<number, string> = new Map([
  [1002, 'the peer says that we break the protocol'],
  [1003, 'the peer cannot take this kind of data'],
  [1007, 'the peer says that our data is malformed'],
  [1009, 'the peer says that our message is too big'],
  [1010, 'the peer lacks an extension that we insist on'],
])

/** HTTP 4xx that say "later" rather than "no": request timeout, too early, too many requests. */
const RETRYABLE_STATUSES: readonly number[] = [408, 425, 429]

/** Certificates that time heals, or somebody who renews them. */
const RETRYABLE_CERTIFICATE_ERRORS: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

/** Node's and OpenSSL's codes for a certificate that is not accepted. */
const CERTIFICATE_ERROR =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|ERROR_IN_CERT_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH_)/

/** Tells whether trying again could not help; everything that is not listed here is worth another try. */
export function isFatal(failure: Failure): boolean {
  const { error, status } = failure
  if (error instanceof InvalidUrlError) return true
  if (error instanceof HandshakeError && error.violation !== undefined) return true
  if (status !== undefined) return status >= 400 && status < 500 && !RETRYABLE_STATUSES.includes(status)
  if (error instanceof ConnectFailedError && error.systemCode !== undefined) {
    return (
      CERTIFICATE_ERROR.test(error.systemCode) && !RETRYABLE_CERTIFICATE_ERRORS.includes(error.systemCode)
    )
  }
  return failure.initiator === 'remote' && FATAL_CLOSE_CODES.has(failure.code ?? 0)
}

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3), in seconds or as a date.
 *
 * @returns milliseconds from now, or `undefined` when it is missing, malformed or past
 */
export function retryAfter(headers: Failure['headers'], date: number): number | undefined {
  const value = headers?.['retry-after']
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  if (!/^[A-Z][a-z]{2}, /.test(text)) return undefined
  const delay = Date.parse(text) - date
  return delay >= 0 ? delay : undefined
}

/** The time and the randomness that the policy needs. */
export interface PolicySources {
  /** Its wall time is for `Retry-After` dates. */
  readonly clock: Pick<Clock, 'now' | 'date'>
  /** Returns a number from 0 up to 1. */
  readonly random: () => number
}

/** Hears that `shouldReconnect` or `delays` has thrown, or returned something unusable. The default applies then. */
interface RetryPolicyPort {
  report(error: Error, stage: Stage, consequence: string): void
}

/** Counts attempts and failures, and decides after each failure whether to retry, and when. Owns no timer. */
export class RetryPolicy {
  readonly #settings: RetrySettings | false
  readonly #sources: PolicySources
  readonly #port: RetryPolicyPort
  #attempts = 0
  #failures = 0
  #failingSince: number
  #lastFailure: Failure | undefined

  constructor(settings: RetrySettings | false, sources: PolicySources, port: RetryPolicyPort) {
    this.#settings = settings
    this.#sources = sources
    this.#port = port
    this.#failingSince = wholeNow(sources.clock)
  }

  /** The failure that was decided last. */
  get lastFailure(): Failure | undefined {
    return this.#lastFailure
  }

  /** Counts an attempt, and returns its number. */
  countAttempt(): number {
    this.#attempts += 1
    return this.#attempts
  }

  get nextAttempt(): number {
    return this.#attempts + 1
  }

  /** Counts again from 1 if the connection was ready for `minUptime`; `readyAt` is when it became so, if it did. */
  resetIfStable(readyAt: number | undefined): void {
    const now = wholeNow(this.#sources.clock)
    if (readyAt === undefined || this.#settings === false || now - readyAt < this.#settings.minUptime) return
    this.#attempts = 0
    this.#failures = 0
    this.#failingSince = now
  }

  /** Milliseconds since the start, or since a connection that had held for `minUptime` was lost. */
  get elapsed(): number {
    return this.#sources.clock.now() - this.#failingSince
  }

  /**
   * Counts a failure, and decides what follows from it.
   *
   * @param decided what follows, if that is not the policy's to decide: then the failure is only remembered
   */
  decide(failure: Failure, decided?: RetryDecision): RetryDecision {
    this.#lastFailure = failure
    if (decided) return decided
    this.#failures += 1
    const settings = this.#settings
    if (settings === false) return { retry: false, exhausted: false }
    // A fatal failure is reported as what it is, also when it is the last that was allowed.
    if (this.#attempts >= settings.maxAttempts) return { retry: false, exhausted: !isFatal(failure) }
    const chosen = this.#ask(settings, failure)
    if (typeof chosen === 'number') return { retry: true, delay: chosen }
    if (!(chosen ?? !isFatal(failure))) return { retry: false, exhausted: false }
    return { retry: true, delay: this.#delay(settings, failure) }
  }

  #ask(settings: RetrySettings, failure: Failure): boolean | number | undefined {
    try {
      const answer: unknown = settings.shouldReconnect?.(failure)
      if (answer === undefined || typeof answer === 'boolean') return answer
      if (typeof answer === 'number' && answer >= 0) return answer
      const given = typeof answer === 'number' ? answer : describeValue(answer)
      throw new TypeError(
        `shouldReconnect returned ${given}: return true, false, a delay in milliseconds, or undefined`,
      )
    } catch (thrown) {
      this.#onThrown(thrown)
      return undefined
    }
  }

  #onThrown(thrown: unknown): void {
    this.#port.report(toError(thrown), 'connect', 'the default holds')
  }

  #delay(settings: RetrySettings, failure: Failure): number {
    const { initialDelay, maxDelay } = settings
    const asked = retryAfter(failure.headers, this.#sources.clock.date())
    if (asked !== undefined) return Math.min(asked, maxDelay) + this.#sources.random() * initialDelay
    return this.#listed(settings.delays) ?? this.#sources.random() * backoffCeiling(settings, this.#failures)
  }

  #listed(delays: RetrySettings['delays']): number | undefined {
    if (typeof delays !== 'function') return delays?.[Math.min(this.#failures, delays.length) - 1]
    try {
      const delay: unknown = delays(this.#failures)
      if (typeof delay === 'number' && delay >= 0) return delay
      const given = typeof delay === 'number' ? delay : describeValue(delay)
      throw new TypeError(`delays returned ${given}: return a delay in milliseconds`)
    } catch (thrown) {
      this.#onThrown(thrown)
      return undefined
    }
  }
}

/** The longest that the wait after so many failures can be: full jitter draws between 0 and this. */
export function backoffCeiling(
  { initialDelay, maxDelay }: Pick<RetrySettings, 'initialDelay' | 'maxDelay'>,
  failures: number,
): number {
  return Math.min(maxDelay, initialDelay * 2 ** (failures - 1))
}
