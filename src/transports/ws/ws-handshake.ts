import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { reasonOf } from '../../core/error-text.js'
import { unusedProxy } from '../../core/proxy-environment.js'
import { redactUrl } from '../../core/url.js'
import { ConnectFailedError, ConnectionError, HandshakeError } from '../../errors/connection-errors.js'
import type { HandshakeFacts } from '../../errors/connection-errors.js'
import type { TransportRequest } from '../transport.js'
import { ProxyTunnel } from './proxy-agent.js'

/** Maximum number of bytes kept from the body of a rejection. */
const BODY_LIMIT = 16 * 1024

/** Rules that a server can violate in its upgrade response (RFC 6455, section 4.1), by the error message from `ws`. */
const VIOLATIONS: readonly (readonly [RegExp, NonNullable<HandshakeFacts['violation']>])[] = [
  [/Invalid Upgrade header/, 'upgrade'],
  [/Sec-WebSocket-Accept/, 'accept'],
  [/subprotocol/, 'subprotocol'],
  [/[Ee]xtension/, 'extension'],
]

/** Node's error codes for an unreachable server, which might be reachable through a proxy. */
const UNREACHABLE: readonly string[] = [
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]

/** Opening handshake of one socket: the server's response, and the error if the handshake fails. */
export class WsHandshake {
  readonly request: TransportRequest
  readonly hasFastPaths: boolean
  /** Way through the proxy, if there is one. */
  readonly tunnel: ProxyTunnel | undefined
  #upgrade: IncomingMessage | undefined
  #refusal: IncomingMessage | undefined
  readonly #body: Buffer[] = []

  /** @param hasFastPaths whether plain messages bypass `ws` once the socket is open */
  constructor(request: TransportRequest, hasFastPaths: boolean) {
    this.request = request
    this.hasFastPaths = hasFastPaths
    const proxy = request.socket?.proxy
    this.tunnel = proxy ? new ProxyTunnel(request.url, proxy) : undefined
  }

  /** Headers of the response that upgraded the connection. */
  get headers(): IncomingMessage['headers'] {
    return this.#upgrade?.headers ?? {}
  }

  /** Upgraded socket. */
  get rawSocket(): Socket | undefined {
    return this.#upgrade?.socket
  }

  /** Error for a rejected handshake, with the part of the response body that has arrived. */
  get refusal(): HandshakeError | undefined {
    if (!this.#refusal) return undefined
    const { statusCode: status = 0, statusMessage = '', headers } = this.#refusal
    const body = Buffer.concat(this.#body).subarray(0, BODY_LIMIT).toString()
    const url = redactUrl(this.request.url)
    const answer = `HTTP ${status} ${statusMessage}`.trimEnd()
    const advice = adviceOn({ status, body, location: headers.location }, this.request.url)
    const message = `Server rejected the handshake with ${answer}: ${url}${advice}`
    return new HandshakeError(url, message, { status, headers, body })
  }

  onUpgrade(response: IncomingMessage): void {
    this.#upgrade = response
  }

  /**
   * Keeps the start of the body.
   *
   * @param end closes the socket, which `ws` does not do itself in this case
   */
  onUnexpectedResponse(response: IncomingMessage, end: () => void): void {
    this.#refusal = response
    let size = 0
    response.on('data', (chunk: Buffer) => {
      this.#body.push(chunk)
      size += chunk.length
      if (size >= BODY_LIMIT) end()
    })
    response.on('error', end)
    response.on('end', end)
  }

  /** Returns the error for a handshake that `ws` failed with its own error, or that the proxy failed. */
  errorOf(cause: Error): Error {
    if (cause instanceof ConnectionError) return cause
    const url = redactUrl(this.request.url)
    const violation = VIOLATIONS.find(([pattern]) => pattern.test(cause.message))?.[1]
    if (!this.#upgrade || !violation) {
      const { code = '' } = cause as NodeJS.ErrnoException
      const isDirect = this.request.socket?.proxy === undefined
      const remark = isDirect && UNREACHABLE.includes(code) ? unusedProxy(this.request.url) : ''
      const proxy = this.tunnel && { name: this.tunnel.name, hasFailed: false }
      return new ConnectFailedError(url, cause, schemeReason(url, cause) + remark, proxy)
    }
    const message = `Server at ${url} sent an invalid handshake response: ${reasonOf(cause)}`
    return new HandshakeError(url, message, { violation, headers: this.#upgrade.headers }, { cause })
  }
}

/** Details of a rejection that may reveal its cause. */
interface Refusal {
  readonly status: number
  readonly body: string
  readonly location: string | undefined
}

/** Returns advice on a rejection if its cause is known; otherwise, an empty string. */
function adviceOn({ status, body, location }: Refusal, url: string): string {
  if (status >= 200 && status < 300) return '. This URL serves plain HTTP. Check the path'
  if (status >= 300 && status < 400) {
    const target = location === undefined ? undefined : redirectTarget(location, url)
    return target === undefined
      ? ''
      : `. The server redirects to ${target}, but Holdfast does not follow redirects. Use the final URL`
  }
  return status === 400 && PLAIN_REQUEST.test(body) ? '. The server expects TLS on this port. Use wss://' : ''
}

/** Returns the target of a redirect, without its query or credentials. */
function redirectTarget(location: string, url: string): string | undefined {
  return URL.canParse(location, url) ? redactUrl(new URL(location, url).href) : undefined
}

/** Responses to plain HTTP on a TLS port, for example from nginx and Go. */
const PLAIN_REQUEST = /plain HTTP request|HTTP request to an HTTPS server|speaking plain HTTP/i

/** Errors from OpenSSL if the server responds without TLS, because OpenSSL reads the response as a TLS record of an unknown version. */
const NOT_TLS = /wrong version number|packet length too long|http request/i

/** Returns the reason an attempt failed, with advice if the URL's scheme may be wrong. */
function schemeReason(url: string, cause: Error): string {
  const { code, rawPacket } = cause as NodeJS.ErrnoException & { readonly rawPacket?: Uint8Array }
  const reason = reasonOf(cause).trimEnd()
  if (url.startsWith('wss:'))
    return NOT_TLS.test(reason) ? 'the server does not use TLS on this port. Use ws://' : reason
  // A TLS alert: content type 21, then major version 3 (RFC 8446, section 5.1).
  if (rawPacket?.[0] === 0x15 && rawPacket[1] === 0x03)
    return 'the server expects TLS on this port. Use wss://'
  return code === 'ECONNRESET' ? `${reason}. If the server expects TLS on this port, use wss://` : reason
}
