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
