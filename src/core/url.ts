/** Returns the scheme, host and path of a URL for errors and logs, without its query or credentials. */
export function redactUrl(url: string): string {
  const parsed = parseUrl(url)
  if (!parsed) return '(not a URL)'
  // 'user:secret@host' is a URL with the scheme 'user' and the path 'secret@host'.
  if (isOpaque(parsed)) return `${parsed.protocol}…`
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** Returns the part of a possibly invalid URL that can safely be shown. */
export function showUrl(text: string): string {
  const parsed = parseUrl(text)
  if (parsed && !isOpaque(parsed)) return redactUrl(text)
  // A password can contain characters that would otherwise end the host.
  const [, scheme = '', shown = ''] = /^([a-z][a-z\d+.-]*:\/\/)?([^?#]*)/i.exec(text) ?? []
  return text.includes('@') ? `'${scheme}…'` : `'${scheme}${shown}'`
}

/** Schemes that Holdfast can connect to. */
const SCHEMES: readonly string[] = ['ws:', 'wss:', 'ws+unix:']

/** Validates a URL to connect to. Returns the problem and its fix, or `undefined` if the URL is valid. */
export function findUrlMistake(url: string): { cause: string; fix: string } | undefined {
  const parsed = parseUrl(url)
  if (!parsed || isOpaque(parsed)) return findTextMistake(url)
  if (!SCHEMES.includes(parsed.protocol)) {
    const scheme = parsed.protocol.slice(0, -1)
    return {
      cause: `has the unsupported scheme "${scheme}"`,
      fix: `use ${scheme === 'https' ? 'wss' : 'ws'}://`,
    }
  }
  if (parsed.protocol === 'ws+unix:' && parsed.host !== '') {
    const fix = 'use three slashes: ws+unix:///run/app.sock:/path'
    return { cause: 'contains a host, which a Unix socket does not have', fix }
  }
  if (url.includes('#')) {
    return {
      cause: 'contains a fragment, which RFC 6455 forbids',
      fix: 'remove "#", or encode it as %23',
    }
  }
  return undefined
}

/**
 * Matches a host and port without a scheme, where the URL standard treats the host as the scheme. Does not match text that could be a
 * secret.
 */
const HOST_AND_PORT = /^([a-z][a-z\d.-]*):(\d{1,5})(?=[/?#]|$)(?!.*@)/i

/** Matches the port of a URL, after its host. Does not match text that could be part of a password. */
const PORT =
  /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?(?:\[[^\]@]*\]|[^:/?#@[]*):(\d{1,20}|undefined|null|NaN)(?=[/?#]|$)(?!.*@)/i

const HIGHEST_PORT = 65_535

/** Returns why a string is not a URL, or has no host. */
function findTextMistake(text: string): { cause: string; fix: string } {
  const [, host, port] = HOST_AND_PORT.exec(text) ?? []
  if (host !== undefined && port !== undefined) {
    const scheme = port === '443' ? 'wss' : 'ws'
    return { cause: 'has no scheme', fix: `include the scheme: ${scheme}://${host}:${port}` }
  }
  const wrong = PORT.exec(text)?.[1]
  if (wrong !== undefined && !(Number(wrong) <= HIGHEST_PORT))
    return { cause: `has the invalid port ${wrong}`, fix: `use a port from 1 to ${HIGHEST_PORT}` }
  return { cause: 'is not an absolute URL', fix: "include scheme and host: 'wss://example.com/feed'" }
}

function isOpaque({ host, pathname }: URL): boolean {
  return host === '' && !pathname.startsWith('/')
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

/** Environment variables in which programs look for a proxy by convention. Credentials in them are never shown. */
const PROXY_VARIABLES: readonly string[] = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'WSS_PROXY', 'WS_PROXY']

type Environment = Readonly<Record<string, string | undefined>>

/** Returns the process's environment variables, if the platform has any. */
function environment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {}
}

/**
 * Mentions a proxy that is set in the environment but was not used, because that may be why the server cannot be reached.
 *
 * @returns a sentence to append; an empty string if no proxy is set for the host of the URL
 */
export function unusedProxy(url: string, env: Environment = environment()): string {
  const { hostname } = new URL(url)
  const excluded = env['NO_PROXY'] ?? env['no_proxy'] ?? ''
  if (excluded.split(/[\s,]+/).some((entry) => covers(entry, hostname))) return ''
  const name = PROXY_VARIABLES.flatMap((each) => [each, each.toLowerCase()]).find((each) => env[each])
  return name ? `. ${name} is set, but was not used: Holdfast connects directly` : ''
}

/** Returns true if an entry of NO_PROXY covers a host: `*`, the host itself, or a parent domain. */
function covers(entry: string, hostname: string): boolean {
  const domain = entry.replace(/^\*?\./, '').replace(/:\d+$/, '')
  return entry === '*' || (domain !== '' && (hostname === domain || hostname.endsWith(`.${domain}`)))
}
