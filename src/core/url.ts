/** Returns origin and path of a url: what may stand in an error or a log. Queries and credentials stay out. */
export function redactUrl(url: string): string {
  const parsed = parseUrl(url)
  if (!parsed) return '(not a url)'
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

/** Says what is wrong with a url to connect to, and what to write instead; `undefined` when it is usable. */
export function findUrlMistake(url: string): { cause: string; fix: string } | undefined {
  const parsed = parseUrl(url)
  if (!parsed) {
    return { cause: 'is not an absolute url', fix: "write it whole, such as 'wss://example.com/feed'" }
  }
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:' && parsed.protocol !== 'ws+unix:') {
    const scheme = parsed.protocol.slice(0, -1)
    return {
      cause: `has the scheme '${scheme}'`,
      fix: `begin it with '${scheme === 'https' ? 'wss' : 'ws'}://'`,
    }
  }
  if (url.includes('#')) {
    return {
      cause: 'has a fragment (#…), which RFC 6455 forbids',
      fix: "leave the '#' out, or write it as %23",
    }
  }
  return undefined
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}
