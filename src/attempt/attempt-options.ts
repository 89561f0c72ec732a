import type { Codec, CodecFactory } from '../codecs/codec.js'
import { describeValue } from '../core/describe-value.js'
import { capitalized } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { findUrlMistake, showUrl } from '../core/url.js'
import { ConnectOptionError, InvalidUrlError } from '../errors/connection-errors.js'
import type { Failure } from '../session/disconnect.js'
import type { TlsOptions } from '../transports/socket-options.js'
import type { CompressionOptions, SocketOptions, TransportRequest } from '../transports/transport.js'
import { describeMistakes, findHeaderMistakes, findProtocolMistakes } from './request-fields.js'
import type { FieldMistake } from './request-fields.js'
import { findTlsMistakes } from './tls-fields.js'

/** Passed to the `url`, `headers`, `protocols`, and `tls` functions on every attempt. */
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

/** Headers by name. An array is sent as one header line per value. A header whose value is `undefined` is not sent. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Subprotocols to offer, and whether the server must choose one of them. */
export interface SubprotocolOffer {
  /** One subprotocol, or several in order of preference. */
  readonly offer: string | readonly string[]
  /** Whether the handshake fails if the server chooses none. If not, `connection.protocol` is then `''`. @default true */
  readonly required?: boolean | undefined
}

/** Subprotocols to offer. Unless `required` is `false`, the server must choose one of them. */
export type Subprotocols = string | readonly string[] | SubprotocolOffer

/** Options of the socket before an attempt, when `tls` can still be a function. */
export interface SocketSettings extends Omit<SocketOptions, 'tls'> {
  readonly tls?: PerAttempt<TlsOptions> | undefined
}

/** Options that define the request of an attempt. */
export interface AttemptOptions {
  readonly url: PerAttempt<string | URL>
  readonly protocols: PerAttempt<Subprotocols>
  readonly headers: PerAttempt<RequestHeaders>
  readonly origin?: string | undefined
  readonly userAgent?: string | undefined
  readonly maxPayload: number
  readonly maxFragments: number
  readonly compression: boolean | CompressionOptions
  readonly closeTimeout: number
  readonly codec: Codec | CodecFactory
  readonly socket?: SocketSettings | undefined
}

/**
 * Returns the request for one attempt. Calls the `url`, `headers`, `protocols`, and `tls` functions.
 *
 * @throws ConnectOptionError if one of the functions fails, or returns an invalid value
 * @throws InvalidUrlError if the URL is invalid
 */
export async function resolveRequest(
  settings: AttemptOptions,
  attempt: AttemptInfo,
): Promise<TransportRequest> {
  const { url, headers, protocols, socket } = isPlain(settings)
    ? settings
    : await resolveAll(settings, attempt)
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
  if (typeof settings.socket?.tls === 'function') refuse('tls', findTlsMistakes(socket?.tls))
  return {
    url: address,
    headers: allHeaders(headers, settings),
    ...offered(protocols),
    maxPayload: settings.maxPayload,
    maxFragments: settings.maxFragments,
    compression: settings.compression,
    closeTimeout: settings.closeTimeout,
    socket,
  }
}

/** An attempt's options, with function-valued options resolved. The values have not been validated yet. */
interface ResolvedOptions {
  readonly url: string | URL
  readonly protocols: Subprotocols
  readonly headers: RequestHeaders
  readonly socket?: SocketOptions | undefined
}

/** Returns true if no option is a function, which is the common case. Then nothing has to be awaited. */
function isPlain(settings: AttemptOptions): settings is AttemptOptions & ResolvedOptions {
  const { url, headers, protocols, socket } = settings
  return [url, headers, protocols, socket?.tls].every((value) => typeof value !== 'function')
}

async function resolveAll(settings: AttemptOptions, attempt: AttemptInfo): Promise<ResolvedOptions> {
  const [url, headers, protocols, tls] = await Promise.all([
    resolveOption('url', settings.url, attempt),
    resolveOption('headers', settings.headers, attempt),
    resolveOption('protocols', settings.protocols, attempt),
    resolveOption('tls', settings.socket?.tls, attempt),
  ])
  return { url, headers, protocols, socket: settings.socket && { ...settings.socket, tls } }
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
  option: 'url' | 'headers' | 'protocols' | 'tls',
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

function refuse(option: 'headers' | 'protocols' | 'tls', mistakes: readonly FieldMistake[]): void {
  if (mistakes.length === 0) return
  throw new ConnectOptionError(option, new TypeError(describeMistakes(option, mistakes)), true)
}

/** Adds the headers from the options, unless `headers` contains them, and removes those that are `undefined`, which Node rejects. */
function allHeaders(
  headers: RequestHeaders,
  { origin, userAgent }: Pick<AttemptOptions, 'origin' | 'userAgent'>,
): TransportRequest['headers'] {
  const given = Object.entries(headers).filter((entry) => entry[1] !== undefined)
  const names = given.map(([name]) => name.toLowerCase())
  const added = Object.entries({ Origin: origin, 'User-Agent': userAgent }).filter(
    ([name, value]) => value !== undefined && !names.includes(name.toLowerCase()),
  )
  return Object.fromEntries([...given, ...added]) as TransportRequest['headers']
}

function offered(protocols: Subprotocols): Pick<TransportRequest, 'protocols' | 'isProtocolRequired'> {
  if (typeof protocols === 'string') return { protocols: [protocols] }
  if (!isOffer(protocols)) return { protocols }
  const { offer, required = true } = protocols
  return { ...offered(offer), isProtocolRequired: required }
}

function isOffer(protocols: readonly string[] | SubprotocolOffer): protocols is SubprotocolOffer {
  return !Array.isArray(protocols)
}
