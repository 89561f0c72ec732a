import { describeValue } from '../codecs/codec.js'
import { InvalidUrlError, ProviderError } from '../errors/errors.js'
import type { AttemptInfo, ConnectionSettings, PerAttempt } from '../options/options.js'
import type { TransportRequest } from '../transports/transport.js'
import { redactUrl, urlProblem } from '../core/url.js'

/**
 * Asks the url, headers and protocols functions what this attempt is to use.
 *
 * @throws ProviderError when one of them fails
 * @throws InvalidUrlError when the url cannot be connected to
 */
export async function attemptRequest(
  settings: ConnectionSettings,
  attempt: AttemptInfo,
): Promise<TransportRequest> {
  const { url, headers, protocols } = isPlain(settings) ? settings : await provideAll(settings, attempt)
  const address = url instanceof URL ? url.href : (url as unknown)
  if (typeof address !== 'string') {
    throw new ProviderError(
      'url',
      new TypeError(`it gave ${describeValue(address)} instead of a string or a URL`),
    )
  }
  const problem = urlProblem(address)
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

type Provided = Pick<ConnectionSettings, 'url' | 'headers' | 'protocols'>

/** Most connections ask nobody: then there is nothing to wait for. */
function isPlain({ url, headers, protocols }: Provided): boolean {
  return [url, headers, protocols].every((value) => typeof value !== 'function')
}

async function provideAll(settings: ConnectionSettings, attempt: AttemptInfo): Promise<Provided> {
  const [url, headers, protocols] = await Promise.all([
    provide('url', settings.url, attempt),
    provide('headers', settings.headers, attempt),
    provide('protocols', settings.protocols, attempt),
  ])
  return { url, headers, protocols }
}

async function provide<T>(
  option: 'url' | 'headers' | 'protocols',
  value: PerAttempt<T>,
  attempt: AttemptInfo,
): Promise<T> {
  if (typeof value !== 'function') return value
  try {
    return await (value as (attempt: AttemptInfo) => T | Promise<T>)(attempt)
  } catch (thrown) {
    throw new ProviderError(option, thrown)
  }
}

function protocolList(protocols: unknown): readonly string[] {
  if (typeof protocols === 'string') return [protocols]
  if (Array.isArray(protocols)) return protocols as string[]
  throw new ProviderError(
    'protocols',
    new TypeError(`it gave ${describeValue(protocols)} instead of strings`),
  )
}

/** Node refuses a header whose value is `undefined`; here it means that the header is not sent. */
function definedHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) {
    throw new ProviderError(
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
