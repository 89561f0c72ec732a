import { redactUrl } from '../core/url.js'
import { ConnectTimeoutError } from '../errors/connection-errors.js'
import type { HandshakeError } from '../errors/connection-errors.js'
import { unusedProxy } from '../proxy/proxy-environment.js'
import { resolveProxy } from '../proxy/proxy-option.js'
import type { ProxyOption } from '../proxy/proxy-option.js'
import { redactProxy } from '../proxy/proxy-url.js'
import type {
  Connect,
  Handshake,
  SocketOptions,
  Transport,
  TransportListener,
  TransportRequest,
} from '../transports/transport.js'
import { keepCookies, withCookies } from './cookies.js'
import type { CookieJar } from './cookies.js'
import { Redirects } from './redirect.js'

export interface DialingSettings {
  /** Maximum number of redirects per attempt; 0 follows none. */
  readonly followRedirects: number
  readonly cookies?: CookieJar | undefined
  readonly proxy?: ProxyOption | undefined
}

/** Receives errors that do not affect the attempt. */
export interface DialingPort {
  report(error: Error, stage: 'connect', consequence: string): void
}

/** The requests of one attempt: the first one, and those that follow redirects. */
export class Dialing {
  readonly #connect: Connect
  readonly #settings: DialingSettings
  readonly #port: DialingPort
  /** Undefined if the attempt follows no redirects. */
  readonly #redirects: Redirects | undefined
  /** Latest request, without its proxy and the cookies from the jar. */
  #request: TransportRequest | undefined
  /** Proxy of the latest request; see `SocketOptions`. */
  #proxy: SocketOptions['proxy']
  #startedAt: number | undefined

  constructor(connect: Connect, settings: DialingSettings, port: DialingPort) {
    this.#connect = connect
    this.#settings = settings
    this.#port = port
    const { followRedirects } = settings
    this.#redirects = followRedirects > 0 ? new Redirects(followRedirects) : undefined
  }

  /** Starts to measure the duration of the attempt. */
  start(now: number): void {
    this.#startedAt = now
  }

  /** Returns the duration of the attempt so far, in milliseconds; 0 if it has not started. */
  duration(now: number): number {
    return this.#startedAt === undefined ? 0 : now - this.#startedAt
  }

  /** Full URL, including credentials, after the redirects so far; `undefined` until it is known. */
  get url(): string | undefined {
    return this.#request?.url
  }

  /** Returns a request with the proxy and the cookies that belong to its URL. Returns a promise only if there can be any. */
  complete(request: TransportRequest): TransportRequest | Promise<TransportRequest> {
    const { cookies, proxy } = this.#settings
    this.#request = request
    return cookies === undefined && proxy === undefined ? request : this.#withProxyAndCookies(request)
  }

  async #withProxyAndCookies(request: TransportRequest): Promise<TransportRequest> {
    const { cookies, proxy } = this.#settings
    const chosen = await resolveProxy(proxy, request.url)
    const socket = chosen === undefined ? request.socket : { ...request.socket, proxy: chosen }
    const routed = { ...request, socket }
    return cookies ? withCookies(cookies, routed) : routed
  }

  /**
   * Dials a complete request.
   *
   * @throws HandshakeError if the redirects are a loop
   */
  dial(request: TransportRequest, listener: TransportListener): Transport {
    this.#proxy = request.socket?.proxy
    const loop = this.#redirects?.findLoop(request)
    if (loop) throw loop
    return this.#connect(request, listener)
  }

  /** Returns the request that follows a response, or why a redirect is not followed; `undefined` if there is nothing to follow. */
  next(answer: HandshakeError): TransportRequest | HandshakeError | undefined {
    return this.#request && this.#redirects?.next(this.#request, answer)
  }

  /**
   * Passes the cookies of a response to the jar, if there is one. Returns a promise, which never rejects, if the jar is still storing them.
   */
  keepCookies(headers: Handshake['headers']): Promise<void> | undefined {
    const { cookies } = this.#settings
    const { url } = this
    if (!cookies || url === undefined) return undefined
    return keepCookies(cookies, url, headers, (error) =>
      this.#port.report(error, 'connect', 'the cookies may be lost'),
    )
  }

  timeoutError(timeout: number): ConnectTimeoutError {
    const url = this.url ?? ''
    return new ConnectTimeoutError(redactUrl(url), timeout, proxyRemark(url, this.#proxy))
  }
}

/** Returns a sentence about the proxy that was used, or that could have been used. */
function proxyRemark(url: string, proxy: SocketOptions['proxy']): string {
  if (proxy === undefined) return unusedProxy(url)
  return proxy === false ? '' : `. The connection goes through the proxy ${redactProxy(proxy)}`
}
