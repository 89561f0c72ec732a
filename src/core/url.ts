/** Returns origin and path of a URL: what can be shown in an error or a log. Queries and credentials stay out. */
export function redactUrl(url: string): string {
  const parsed = parseUrl(url)
  if (!parsed) return '(not a URL)'
  // 'user:secret@host' is a URL of the scheme 'user', and all else is its path.
  if (isOpaque(parsed)) return `${parsed.protocol}…`
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** Returns what can be shown of a text that should be a URL. */
export function showUrl(text: string): string {
  const parsed = parseUrl(text)
  if (parsed && !isOpaque(parsed)) return redactUrl(text)
  // A password can contain what elsewhere ends the host.
  const [, scheme = '', shown = ''] = /^([a-z][a-z\d+.-]*:\/\/)?([^?#]*)/i.exec(text) ?? []
  return text.includes('@') ? `'${scheme}…'` : `'${scheme}${shown}'`
}

/** Schemes that can be connected to. */
const SCHEMES: readonly string[] = ['ws:', 'wss:', 'ws+unix:']

/** Finds what is wrong with a URL to connect to, and what to write instead; `undefined` if it is usable. */
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
  if (url.includes('#')) {
    return {
      cause: 'contains a fragment, which RFC 6455 forbids',
      fix: 'remove "#", or encode it as %23',
    }
  }
  return undefined
}

/** A host and port without a scheme: the URL standard takes the host for the scheme. Nothing of it is shown if it may be a secret. */
const HOST_AND_PORT = /^([a-z][a-z\d.-]*):(\d{1,5})(?=[/?#]|$)(?!.*@)/i

/** The port of a URL whose host is followed by one; what may be a part of a password is none. */
const PORT =
  /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#@]*@)?(?:\[[^\]@]*\]|[^:/?#@[]*):(\d{1,20}|undefined|null|NaN)(?=[/?#]|$)(?!.*@)/i

const HIGHEST_PORT = 65_535

/** Says why a text is not a URL, or not one with a host. */
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

/** Variables that other programs find a proxy in, by convention; no credentials of them are ever shown. */
const PROXY_VARIABLES: readonly string[] = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'WSS_PROXY', 'WS_PROXY']

type Environment = Readonly<Record<string, string | undefined>>

/** The environment of the process, if the platform has one. */
function environment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {}
}

/**
 * Says that a proxy is set in the environment and was not used, which may be why a server cannot be reached.
 *
 * @returns a sentence to append; an empty text if no proxy is set for the host of the URL
 */
export function unusedProxy(url: string, env: Environment = environment()): string {
  const { hostname } = new URL(url)
  const excluded = env['NO_PROXY'] ?? env['no_proxy'] ?? ''
  if (excluded.split(/[\s,]+/).some((entry) => covers(entry, hostname))) return ''
  const name = PROXY_VARIABLES.flatMap((each) => [each, each.toLowerCase()]).find((each) => env[each])
  return name ? `. ${name} is set, but was not used: Holdfast connects directly` : ''
}

/** Returns true if an entry of NO_PROXY covers a host: `*`, the host itself, or a domain that it belongs to. */
function covers(entry: string, hostname: string): boolean {
  const domain = entry.replace(/^\*?\./, '').replace(/:\d+$/, '')
  return entry === '*' || (domain !== '' && (hostname === domain || hostname.endsWith(`.${domain}`)))
}
