import { redactUrl } from '../core/url.js'
import { HandshakeError } from '../errors/connection-errors.js'
import type { SocketOptions, TransportRequest } from '../transports/transport.js'

/** HTTP statuses that name another URL for the same request (RFC 9110, section 15.4). A handshake is a GET, so they do not differ. */
const STATUSES: readonly (number | undefined)[] = [301, 302, 303, 307, 308]

/** Schemes that a `Location` can have, and the schemes that Holdfast connects to instead. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['http:', 'ws:'],
  ['https:', 'wss:'],
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
])

/** Options of the socket, and of its TLS, that concern only the first origin. Options that verify the server stay in force. */
const OWN_SOCKET: readonly string[] = ['socketPath', 'createConnection']
const OWN_TLS: readonly string[] = ['cert', 'key', 'pfx', 'passphrase', 'servername']

/** The redirects of one attempt. */
export class Redirects {
  readonly #limit: number
  #count = 0
  /** Requests sent so far. */
  readonly #sent = new Set<string>()
  /** Latest redirect. */
  #answer: HandshakeError | undefined

  /** @param limit maximum number of redirects to follow */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Returns the request that follows a response, or why a redirect is not followed; `undefined` if there is nothing to follow. */
  next(request: TransportRequest, answer: HandshakeError): TransportRequest | HandshakeError | undefined {
    if (!STATUSES.includes(answer.status)) return undefined
    const { location } = answer.headers
    if (typeof location !== 'string' || location === '')
      return refusal(answer, 'The server redirects without naming a URL (Location). Check the path')
    const target = targetOf(location, request.url)
    if (typeof target === 'string') return refusal(answer, target)
    if (this.#count >= this.#limit) {
      const redirects = this.#limit === 1 ? '1 redirect' : `${this.#limit} redirects`
      const why = `but followRedirects allows only ${redirects} per attempt. Use the final URL, or raise followRedirects`
      return refusal(answer, `The server redirects to ${redactUrl(target.href)}, ${why}`)
    }
    const isSame = isSameOrigin(target, new URL(request.url))
    if (!isSame && identifiesClient(request.socket?.agent)) {
      const why =
        'which is another origin, but the agent has a client certificate, which must not go there. Use the final URL, or set tls instead of the agent'
      return refusal(answer, `The server redirects to ${redactUrl(target.href)}, ${why}`)
    }
    this.#count += 1
    this.#answer = answer
    return isSame
      ? { ...request, url: withCredentials(target, request.url) }
      : toOtherOrigin(request, target.href)
  }

  /** Remembers a request that is about to be sent. Returns the error if it has been sent before, because the redirects are then a loop. */
  findLoop({ url, headers }: TransportRequest): HandshakeError | undefined {
    const sent = JSON.stringify([new URL(url), headers])
    if (this.#answer && this.#sent.has(sent)) {
      const why = `The server redirects in a loop, back to ${redactUrl(url)}. Check the URL, and the headers that the server expects`
      return refusal(this.#answer, why)
    }
    this.#sent.add(sent)
    return undefined
  }
}

/** Returns the URL that a `Location` names, or why Holdfast does not connect to it. */
function targetOf(location: string, base: string): URL | string {
  const from = new URL(base)
  if (from.protocol === 'ws+unix:')
    return 'The server redirects, but Holdfast does not follow redirects from a ws+unix URL. Use the final URL'
  if (!URL.canParse(location, base))
    return 'The server redirects to an invalid URL (Location). Use the final URL'
  const target = new URL(location, base)
  const scheme = SCHEMES.get(target.protocol)
  if (scheme === undefined) {
    const unsupported = `the unsupported scheme "${target.protocol.slice(0, -1)}"`
    return `The server redirects to a URL with ${unsupported}. Use the final URL`
  }
  target.protocol = scheme
  // The fragment of a URL is never sent (RFC 9110, section 4.2.5).
  target.hash = ''
  if (from.protocol === 'wss:' && scheme === 'ws:') {
    const why =
      'but Holdfast never follows a redirect from wss to ws. Use the final URL if it is safe to use without TLS'
    return `The server redirects to ${redactUrl(target.href)}, ${why}`
  }
  return target
}

function isSameOrigin(one: URL, other: URL): boolean {
  return one.protocol === other.protocol && one.host === other.host
}

/**
 * Returns true if an agent has a client certificate. Its own options win over those of a request, so that it would present the certificate to
 * every origin. Without the agent, the attempt could bypass a proxy.
 */
function identifiesClient(agent: object | undefined): boolean {
  const { options } = (agent ?? {}) as { options?: Readonly<Record<string, unknown>> }
  return ['cert', 'key', 'pfx'].some((name) => options?.[name] !== undefined)
}

/** Keeps the credentials of the URL, unless the `Location` has its own. */
function withCredentials(target: URL, base: string): string {
  if (target.username !== '' || target.password !== '') return target.href
  const { username, password } = new URL(base)
  const { href } = Object.assign(new URL(target), { username, password })
  return href
}

/** Returns the request for another origin, without anything that the user meant for the first one. */
function toOtherOrigin({ socket, ...request }: TransportRequest, url: string): TransportRequest {
  return { ...request, url, headers: {}, protocols: [], socket: socket && withoutOwn(socket) }
}

function withoutOwn(socket: SocketOptions): SocketOptions {
  const kept: { tls?: unknown } = omit(socket, OWN_SOCKET)
  if (typeof kept.tls === 'object' && kept.tls !== null) kept.tls = omit(kept.tls, OWN_TLS)
  return kept as SocketOptions
}

function omit(options: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}

function refusal({ url, status, headers, body }: HandshakeError, why: string): HandshakeError {
  const message = `Server rejected the handshake with HTTP ${status}: ${url}. ${why}`
  return new HandshakeError(url, message, { status, headers, body })
}
