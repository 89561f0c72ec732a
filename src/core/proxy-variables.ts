/** Variables that other programs find a proxy in, by convention; no credentials of them are ever shown. */
const NAMES: readonly string[] = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'WSS_PROXY', 'WS_PROXY']

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
  const name = NAMES.flatMap((each) => [each, each.toLowerCase()]).find((each) => env[each])
  return name ? `. ${name} is set, but was not used: Holdfast connects directly` : ''
}

/** Returns true if an entry of NO_PROXY covers a host: `*`, the host itself, or a domain that it belongs to. */
function covers(entry: string, hostname: string): boolean {
  const domain = entry.replace(/^\*?\./, '').replace(/:\d+$/, '')
  return entry === '*' || (domain !== '' && (hostname === domain || hostname.endsWith(`.${domain}`)))
}
