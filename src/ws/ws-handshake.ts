import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { reasonOf } from '../core/error-text.js'
import { unusedProxy } from '../proxy/proxy-environment.js'
import { redactUrl } from '../core/url.js'
import { ConnectFailedError, HandshakeError } from '../errors/connection-errors.js'
import type { HandshakeFacts } from '../errors/connection-errors.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import type { TransportRequest } from '../transports/transport.js'
import { explainTlsFailure } from './certificate-advice.js'
import { NOT_TLS } from '../proxy/proxy-errors.js'
import { ProxyTunnel } from '../proxy/proxy-tunnel.js'
import { ServerCertificate } from './server-certificate.js'

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

/** Settings of the transport, with defaults filled in. */
export interface WsSettings {
  readonly fastPaths: boolean
  readonly validateUtf8: boolean
}

/** Opening handshake of one socket: the server's response, and the error if the handshake fails. */
export class WsHandshake {
  readonly request: TransportRequest
  readonly settings: WsSettings
  /** Tunnel through the proxy, if there is one. */
  readonly tunnel: ProxyTunnel | undefined
  readonly #certificate = new ServerCertificate()
  #upgrade: IncomingMessage | undefined
  /** Headers of the upgrade, if some of them are hidden from `ws`. */
  #headers: IncomingMessage['headers'] | undefined
  #refusal: IncomingMessage | undefined
  readonly #body: Buffer[] = []

  constructor(request: TransportRequest, settings: WsSettings) {
    this.request = request
    this.settings = settings
    const proxy = request.socket?.proxy
    this.tunnel = proxy ? new ProxyTunnel(request.url, proxy) : undefined
  }

  /** Headers of the response that upgraded the connection. */
  get headers(): IncomingMessage['headers'] {
    return this.#headers ?? this.#upgrade?.headers ?? {}
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

  /** Sends a request over TLS once the server's certificate has been compared with the pins, if there are any. */
  send(made: ClientRequest): void {
    this.#certificate.send(made, this.request.socket?.tls?.fingerprint256)
  }

  /**
   * Hides the server's choice from `ws` if the subprotocol is optional, because `ws` does not know what was offered. A choice that was not
   * offered stays, so that `ws` fails the handshake.
   *
   * @returns the optional subprotocol that the server chose; `undefined` if `ws` knows it
   */
  onUpgrade(response: IncomingMessage): string | undefined {
    this.#upgrade = response
    const protocol = response.headers['sec-websocket-protocol']
    if (!isOptional(this.request) || protocol === undefined || !this.request.protocols.includes(protocol))
      return undefined
    this.#headers = { ...response.headers }
    delete response.headers['sec-websocket-protocol']
    return protocol
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
    // The body of a redirect does not matter. A server that never ends it would make the attempt run into its timeout.
    if (isRedirect(response)) setImmediate(end)
  }

  /** Returns the error for a handshake that `ws` failed with its own error, or that the proxy failed. */
  errorOf(cause: Error): Error {
    if (cause instanceof HoldfastError) return cause
    const url = redactUrl(this.request.url)
    const violation = VIOLATIONS.find(([pattern]) => pattern.test(cause.message))?.[1]
    if (!this.#upgrade || !violation) {
      const { code = '' } = cause as NodeJS.ErrnoException
      const isDirect = this.request.socket?.proxy === undefined
      const remark = isDirect && UNREACHABLE.includes(code) ? unusedProxy(this.request.url) : ''
      const proxy = this.tunnel && { name: this.tunnel.name, hasFailed: false }
      return new ConnectFailedError(url, cause, this.#reasonOf(cause) + remark, proxy)
    }
    // `ws` believes that nothing was offered.
    const isUnknown = violation === 'subprotocol' && isOptional(this.request)
    const reason = isUnknown ? 'Server sent an invalid subprotocol' : reasonOf(cause)
    const message = `Server at ${url} sent an invalid handshake response: ${reason}`
    return new HandshakeError(url, message, { violation, headers: this.headers }, { cause })
  }

  #reasonOf(cause: Error): string {
    const { url, socket } = this.request
    if (!url.startsWith('wss:') || NOT_TLS.test(reasonOf(cause))) return schemeReason(url, cause)
    const { certificate } = this.#certificate
    const explained = explainTlsFailure({
      cause,
      certificate,
      tls: socket?.tls,
      now: Date.now(),
    })
    return explained ?? schemeReason(url, cause)
  }
}

/** Returns true if the server may choose none of the subprotocols that are offered. */
export function isOptional({ protocols, isProtocolRequired = true }: TransportRequest): boolean {
  return !isProtocolRequired && protocols.length > 0
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
      : `. The server redirects to ${target}, but Holdfast does not follow redirects. Use the final URL, or set followRedirects`
  }
  return status === 400 && PLAIN_REQUEST.test(body) ? '. The server expects TLS on this port. Use wss://' : ''
}

function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 300 && statusCode < 400 && headers.location !== undefined
}

/** Returns the target of a redirect, without its query or credentials. */
function redirectTarget(location: string, url: string): string | undefined {
  return URL.canParse(location, url) ? redactUrl(new URL(location, url).href) : undefined
}

/** Responses to plain HTTP on a TLS port, for example from nginx and Go. */
const PLAIN_REQUEST = /plain HTTP request|HTTP request to an HTTPS server|speaking plain HTTP/i

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
