import type { Codec, CodecFactory } from '../codecs/codec.js'
import { describeValue } from '../core/describe-value.js'
import { ignore, isThenable } from '../core/thenable.js'
import { findUrlMistake, showUrl } from '../core/url.js'
import { ConnectOptionError, InvalidUrlError } from '../errors/connection-errors.js'
import type { Failure } from '../session/disconnect.js'
import type { CompressionOptions, SocketOptions, TransportRequest } from '../transports/transport.js'
import { findHeaderMistakes, findProtocolMistakes } from './request-fields.js'
import type { FieldMistake } from './request-fields.js'

/** Passed to the `url`, `headers` and `protocols` functions on every attempt. */
export interface AttemptInfo {
  /** Attempt number, starting at 1. Resets once a connection has been ready for `minUptime`. */
  readonly attempt: number
  /** True if the connection has been open before. */
  readonly isReconnect: boolean
  /** Failure that led to this attempt; `undefined` for the first attempt. */
  readonly failure?: Failure | undefined
  /** Aborts when the attempt is abandoned. Pass it to `fetch`. */
  readonly signal: AbortSignal
  /** URL from the options; `undefined` if the options do not set one. Only a `@ClientOption('url')` method receives it. */
  readonly url?: string | undefined
}

/**
 * A value, or a function called on every attempt, for example to fetch a token. If the function throws or rejects, the attempt fails and
 * Holdfast retries. If the function returns a value that can never be sent, the failure is fatal.
 */
export type PerAttempt<T> = T | ((attempt: AttemptInfo) => T | Promise<T>)

/** Headers by name. A header whose value is `undefined` is not sent. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>

/** Options that define the request of an attempt. */
export interface AttemptOptions {
  readonly url: PerAttempt<string | URL>
  readonly protocols: PerAttempt<string | readonly string[]>
  readonly headers: PerAttempt<RequestHeaders>
  readonly maxPayload: number
  readonly maxFragments: number
  readonly compression: boolean | CompressionOptions
  readonly closeTimeout: number
  readonly codec: Codec | CodecFactory
  readonly socket?: SocketOptions | undefined
}

/**
 * Returns the request for one attempt. Calls the `url`, `headers` and `protocols` functions.
 *
 * @throws ConnectOptionError if one of the functions fails, or returns an invalid value
 * @throws InvalidUrlError if the URL is invalid
 */
export async function resolveRequest(
  settings: AttemptOptions,
  attempt: AttemptInfo,
): Promise<TransportRequest> {
  const { url, headers, protocols } = isPlain(settings) ? settings : await resolveAll(settings, attempt)
  const address = url instanceof URL ? url.href : (url as unknown)
  if (typeof address !== 'string') {
    const cause = new TypeError(`expected a string or a URL, received ${describeValue(address)}`)
    throw new ConnectOptionError('url', cause, true)
  }
  const problem = findUrlMistake(address)
  if (problem) {
    const { cause, fix } = problem
    throw new InvalidUrlError(`Invalid URL: ${showUrl(address)} ${cause}. ${capitalized(fix)}`)
  }
  refuse('headers', findHeaderMistakes(headers))
  refuse('protocols', findProtocolMistakes(protocols))
  return {
    url: address,
    headers: definedHeaders(headers),
    protocols: typeof protocols === 'string' ? [protocols] : protocols,
    maxPayload: settings.maxPayload,
    maxFragments: settings.maxFragments,
    compression: settings.compression,
    closeTimeout: settings.closeTimeout,
    socket: settings.socket,
  }
}

/** An attempt's options, with function-valued options resolved. The values have not been validated yet. */
interface ResolvedOptions {
  readonly url: string | URL
  readonly protocols: string | readonly string[]
  readonly headers: RequestHeaders
}

/** Returns true if no option is a function, which is usual. Nothing has to be awaited then. */
function isPlain(settings: AttemptOptions): settings is AttemptOptions & ResolvedOptions {
  const { url, headers, protocols } = settings
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

/**
 * Returns the codec for a link that has opened. Calls the `codec` function, if there is one.
 *
 * @throws ConnectOptionError if the function throws, or returns a value that is not a codec
 */
export function resolveCodec({ codec }: Pick<AttemptOptions, 'codec'>): Codec {
  if (typeof codec !== 'function') return codec
  let made: unknown
  try {
    made = codec()
  } catch (thrown) {
    throw new ConnectOptionError('codec', thrown)
  }
  if (isCodec(made)) return made
  if (isThenable(made)) ignore(made)
  const cause = new TypeError(`expected an object with encode and decode, received ${describeValue(made)}`)
  throw new ConnectOptionError('codec', cause, true)
}

function isCodec(value: unknown): value is Codec {
  if (typeof value !== 'object' || value === null) return false
  const { encode, decode } = value as { encode?: unknown; decode?: unknown }
  return typeof encode === 'function' && typeof decode === 'function'
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

function refuse(option: 'headers' | 'protocols', mistakes: readonly FieldMistake[]): void {
  if (mistakes.length === 0) return
  const reasons = mistakes.map(
    ({ place, cause, fix }) => `${place && `${option}${place}: `}${cause}. ${capitalized(fix)}`,
  )
  throw new ConnectOptionError(option, new TypeError(reasons.join('. ')), true)
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Removes headers whose value is `undefined`, which Node rejects. */
function definedHeaders(headers: RequestHeaders): Record<string, string> {
  const defined = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(defined)
}
