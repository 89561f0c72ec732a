import { lookup as systemLookup } from 'node:dns'
import { EventEmitter, once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect, isIP } from 'node:net'
import type { LookupFunction, Socket, TcpNetConnectOpts } from 'node:net'
import type { HttpsProxyAgent } from 'https-proxy-agent'
import { capitalized, toError } from '../core/error-text.js'
import { withoutCredentials } from '../core/url.js'
import { addTls } from '../transports/add-tls.js'
import type { TlsTarget } from '../transports/add-tls.js'
import { credentialsOfProxy, portOfProxy, redactProxy } from './proxy-url.js'
import { ConnectOptionError } from '../errors/connection-errors.js'
import { connectReason, lookupFailed, proxyFailed, socksFailed, tunnelRefused } from './proxy-errors.js'
import type { ProxyAnswer, ProxyRoute } from './proxy-errors.js'

/** Options that Node passes to `createConnection`: those of the request to the server. */
export interface RequestedConnection extends TlsTarget {
  readonly family?: number | undefined
}

/** The part of the `https-proxy-agent` package that Holdfast uses. */
interface HttpPackage {
  readonly HttpsProxyAgent: typeof HttpsProxyAgent
}

/** The part of the `socks` package that Holdfast uses. */
interface SocksPackage {
  readonly SocksClient: {
    createConnection(options: object): Promise<{ readonly socket: Socket }>
  }
}

/** SOCKS schemes for which Holdfast resolves the host of the server, and the schemes for which the proxy resolves it. */
const REMOTE_SCHEMES: Readonly<Record<string, string>> = { 'socks5:': 'socks5h:', 'socks4:': 'socks4a:' }

/** Options of the connection to the server that also apply to the connection to the proxy. */
const SHARED_OPTIONS = ['family', 'localAddress', 'lookup', 'keepAlive', 'keepAliveInitialDelay'] as const

/** Longest host name that a SOCKS proxy accepts, in bytes (RFC 1928, section 5). */
const LONGEST_SOCKS_HOST = 255

/** A connection to a server through a proxy, until it is open. */
export class ProxyTunnel {
  readonly #proxy: URL
  readonly #route: ProxyRoute
  readonly #gone = new AbortController()
  /** Connection to the proxy. */
  #carrier: Socket | undefined

  /**
   * @param url full URL of the server
   * @param proxy URL of the proxy, including its credentials
   */
  constructor(url: string, proxy: string) {
    this.#proxy = new URL(proxy)
    const hasCredentials = credentialsOfProxy(this.#proxy) !== undefined
    this.#route = { url, proxy: redactProxy(proxy), hasCredentials }
  }

  /** Scheme, host, and port of the proxy, without credentials. */
  get name(): string {
    return this.#route.proxy
  }

  /** Provides the socket of a request; see `createConnection` in the documentation of `http.request`. */
  readonly createConnection = (
    options: RequestedConnection,
    callback: (error: Error | null, socket?: Socket) => void,
  ): undefined => {
    this.#open(options).then(
      (socket) => {
        // An abandoned socket ends with an error, which would be an uncaught exception.
        if (this.#gone.signal.aborted) socket.on('error', () => undefined).destroy()
        else callback(null, socket)
      },
      (thrown: unknown) => this.#gone.signal.aborted || callback(toError(thrown)),
    )
  }

  /** Closes the connection to the proxy if the handshake with the server is not complete. */
  abort(): void {
    this.#gone.abort()
    this.#carrier?.destroy()
  }

  async #open(options: RequestedConnection): Promise<Socket> {
    const isSecure = this.#route.url.startsWith('wss:')
    const isSocks = isSocksProxy(this.#proxy)
    const carrier = await (isSocks ? this.#throughSocks(options) : this.#throughHttp(options))
    this.#carrier = carrier
    return this.#gone.signal.aborted || !isSecure ? carrier : addTls(carrier, options)
  }

  async #throughHttp(options: RequestedConnection): Promise<Socket> {
    const { HttpsProxyAgent: Agent } = (await load(this.#proxy)) as HttpPackage
    const { signal } = this.#gone
    signal.throwIfAborted()
    // The package writes its URL to the debug log, so the URL must not contain the credentials.
    const address = new URL(withoutCredentials(this.#proxy))
    const ca = address.protocol === 'https:' && options.ca !== undefined ? { ca: options.ca } : {}
    const agent = new Agent(address, {
      ...sharedOptions(options),
      ...ca,
      signal,
      headers: this.#authorization(),
    })
    const events = new EventEmitter()
    let answer: ProxyAnswer | undefined
    events.once('proxyConnect', (received: ProxyAnswer) => (answer = received))
    const target = { host: options.host, port: Number(options.port), secureEndpoint: false as const }
    const socket = await agent.connect(events as ClientRequest, target).catch((error: unknown) => {
      const cause = toError(error)
      throw proxyFailed(this.#route, cause, connectReason(cause, address.protocol))
    })
    if (answer?.statusCode !== 200) {
      socket.destroy()
      throw tunnelRefused(this.#route, answer ?? { statusCode: 0, statusText: '', headers: {} })
    }
    return socket
  }

  #authorization(): Record<string, string> {
    const credentials = credentialsOfProxy(this.#proxy)
    if (!credentials) return {}
    const encoded = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    return { 'Proxy-Authorization': `Basic ${encoded}` }
  }

  async #throughSocks(options: RequestedConnection): Promise<Socket> {
    const { SocksClient } = (await load(this.#proxy)) as SocksPackage
    const { protocol } = this.#proxy
    const host = await this.#socksHost(options)
    this.#gone.signal.throwIfAborted()
    const address = { host: hostOf(this.#proxy), port: portOfProxy(this.#proxy) }
    const carrier = connect({ ...sharedOptions(options), ...address, noDelay: true })
    this.#carrier = carrier
    await once(carrier, 'connect').catch((error: unknown) => {
      const cause = toError(error)
      throw proxyFailed(this.#route, cause, connectReason(cause, protocol))
    })
    const { username: userId, password } = credentialsOfProxy(this.#proxy) ?? {}
    const type = protocol.startsWith('socks4') ? 4 : 5
    await SocksClient.createConnection({
      command: 'connect',
      proxy: { ...address, type, userId, password },
      destination: { host, port: Number(options.port) },
      existing_socket: carrier,
    }).catch((error: unknown) => {
      throw socksFailed(this.#route, toError(error))
    })
    return carrier
  }

  /** Returns the host to which the proxy should connect, resolved if the scheme of the proxy requires it. */
  async #socksHost({ host, lookup, family }: RequestedConnection): Promise<string> {
    const { protocol } = this.#proxy
    if (host.length > LONGEST_SOCKS_HOST)
      throw proxyFailed(this.#route, new Error(`the host is longer than ${LONGEST_SOCKS_HOST} bytes`))
    const remote = REMOTE_SCHEMES[protocol]
    if (remote === undefined || isIP(host) !== 0) return host
    try {
      return await resolveHost(host, lookup ?? systemLookup, protocol === 'socks4:' ? 4 : family)
    } catch (thrown) {
      throw lookupFailed(this.#route, toError(thrown), remote)
    }
  }
}

function sharedOptions(options: RequestedConnection): Partial<TcpNetConnectOpts> {
  const set = SHARED_OPTIONS.filter((name) => (options as Partial<TcpNetConnectOpts>)[name] !== undefined)
  return Object.fromEntries(set.map((name) => [name, (options as Partial<TcpNetConnectOpts>)[name]]))
}

function resolveHost(host: string, lookup: LookupFunction, family: number | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, family === undefined ? {} : { family }, (error, address) => {
      if (error) reject(error)
      else resolve(typeof address === 'string' ? address : (address[0]?.address ?? host))
    })
  })
}

function isSocksProxy({ protocol }: URL): boolean {
  return protocol.startsWith('socks')
}

/** Returns the host of a proxy, without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

const NOT_FOUND: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/**
 * Loads the package for a proxy.
 *
 * @throws ConnectOptionError if the package is not installed
 */
async function load(proxy: URL): Promise<unknown> {
  try {
    if (!isSocksProxy(proxy)) return await import('https-proxy-agent')
    // Loaded only for SOCKS, because CommonJS does not have `import.meta`, and Jest compiles this file to it.
    const { loadSocks } = await import('./socks-package.js')
    return await loadSocks()
  } catch (cause) {
    if (!NOT_FOUND.includes((cause as NodeJS.ErrnoException).code)) throw cause
    const { cause: problem, fix } = missingPackage(proxy)
    const message = `${problem}. ${capitalized(fix)}`
    throw new ConnectOptionError('proxy', new Error(message, { cause }), true, false)
  }
}

function missingPackage(proxy: URL): { cause: string; fix: string } {
  const name = isSocksProxy(proxy) ? 'socks-proxy-agent' : 'https-proxy-agent'
  return { cause: `${name} is not installed`, fix: `run npm install ${name}` }
}

/** Returns the problem and its fix if the package for a proxy is not installed. */
export async function findMissingPackage(proxy: string): Promise<{ cause: string; fix: string } | undefined> {
  const url = new URL(proxy)
  try {
    await load(url)
    return undefined
  } catch (thrown) {
    if (thrown instanceof ConnectOptionError) return missingPackage(url)
    throw thrown
  }
}
