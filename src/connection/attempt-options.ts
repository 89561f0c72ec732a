import { describeValue } from '../core/describe-value.js'
import { findUrlMistake, redactUrl } from '../core/url.js'
import { ConnectOptionError, InvalidUrlError } from '../errors/connection-errors.js'
import type { Failure } from '../session/disconnect.js'
import type { TransportRequest } from '../transports/transport.js'

/** Passed to the `url`, `headers` and `protocols` functions on every attempt. */
export interface AttemptInfo {
  /** The number of this try, counted from 1 and anew after a connection that held for `minUptime`. */
  readonly attempt: number
  /** True when the connection has been open before. */
  readonly isReconnect: boolean
  /** Why there is another attempt; `undefined` the first time. */
  readonly failure?: Failure
  /** Aborts when the attempt is given up: hand it to `fetch`. */
  readonly signal: AbortSignal
}

/** A value, or a function that returns it for each attempt, such as a fresh token. If the function fails, the attempt fails. */
export type PerAttempt<T> = T | ((attempt: AttemptInfo) => T | Promise<T>)

/** The options that make up the request of an attempt. */
export interface AttemptOptions {
  readonly url: PerAttempt<string | URL>
  readonly protocols: PerAttempt<string | readonly string[]>
  readonly headers: PerAttempt<Readonly<Record<string, string>>>
  readonly maxPayload: number
  readonly maxFragments: number
  readonly compression: boolean
  readonly closeTimeout: number
}

/**
 * Returns the request of one attempt. Calls the url, headers and protocols functions.
 *
 * @throws ConnectOptionError when one of the functions fails
 * @throws InvalidUrlError when the url cannot be connected to
 */
export async function resolveRequest(
  settings: AttemptOptions,
  attempt: AttemptInfo,
): Promise<TransportRequest> {
  const { url, headers, protocols } = isPlain(settings) ? settings : await resolveAll(settings, attempt)
  const address = url instanceof URL ? url.href : (url as unknown)
  if (typeof address !== 'string') {
    throw new ConnectOptionError(
      'url',
      new TypeError(`it gave ${describeValue(address)} instead of a string or a URL`),
    )
  }
  const problem = findUrlMistake(address)
  if (problem) throw new InvalidUrlError(`The url ${redactUrl(address)} ${problem.cause}: ${problem.fix}`)
  return {
    url: address,
    headers: definedHeaders(headers),
    protocols: protocolList(protocols),
    maxPayload: settings.maxPayload,
    maxFragments: settings.maxFragments,
    compression: settings.compression,
    closeTimeout: settings.closeTimeout,
  }
}

type ResolvedOptions = Pick<AttemptOptions, 'url' | 'headers' | 'protocols'>

/** Most connections ask nobody: then there is nothing to wait for. */
function isPlain({ url, headers, protocols }: ResolvedOptions): boolean {
  return [url, headers, protocols].every((value) => typeof value !== 'function')
}

async function resolveAll(settings: AttemptOptions, attempt: AttemptInfo): Promise<ResolvedOptions> {
  const [url, headers, protocols] = await Promise.all([
    resolveOption('url', settings.url, attempt),
    resolveOption('headers', settings.headers, attempt),
    resolveOption('protocols', settings.protocols, attempt),
  ])
  return { url, headers, protocols }
}

async function resolveOption<T>(
  option: 'url' | 'headers' | 'protocols',
  value: PerAttempt<T>,
  attempt: AttemptInfo,
): Promise<T> {
  if (typeof value !== 'function') return value
  try {
    return await (value as (attempt: AttemptInfo) => T | Promise<T>)(attempt)
  } catch (thrown) {
    throw new ConnectOptionError(option, thrown)
  }
}

function protocolList(protocols: unknown): readonly string[] {
  if (typeof protocols === 'string') return [protocols]
  if (Array.isArray(protocols)) return protocols as string[]
  throw new ConnectOptionError(
    'protocols',
    new TypeError(`it gave ${describeValue(protocols)} instead of strings`),
  )
}

/** Node refuses a header whose value is `undefined`; here it means that the header is not sent. */
function definedHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) {
    throw new ConnectOptionError(
      'headers',
      new TypeError(`it gave ${describeValue(headers)} instead of an object`),
    )
  }
  const defined: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers as Record<string, string | undefined>)) {
    if (value !== undefined) defined[name] = value
  }
  return defined
}
