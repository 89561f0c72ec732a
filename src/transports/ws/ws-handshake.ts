import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { reasonOf } from '../../core/error-text.js'
import { redactUrl } from '../../core/url.js'
import { ConnectFailedError, HandshakeError } from '../../errors/connection-errors.js'
import type { HandshakeFacts } from '../../errors/connection-errors.js'
import type { TransportRequest } from '../transport.js'

/** Maximum size of the part of a refusal's body that is kept, in bytes. */
const BODY_LIMIT = 16 * 1024

/** The rule that a server broke when it upgraded (RFC 6455, section 4.1), by the error message of `ws`. */
const VIOLATIONS: readonly (readonly [RegExp, NonNullable<HandshakeFacts['violation']>])[] = [
  [/Invalid Upgrade header/, 'upgrade'],
  [/Sec-WebSocket-Accept/, 'accept'],
  [/subprotocol/, 'subprotocol'],
  [/[Ee]xtension/, 'extension'],
]

/** The opening handshake of one socket: the server's response, and the error if that does not open it. */
export class WsHandshake {
  readonly request: TransportRequest
  readonly hasFastPaths: boolean
  #upgrade: IncomingMessage | undefined
  #refusal: IncomingMessage | undefined
  readonly #body: Buffer[] = []

  /** @param hasFastPaths whether the socket is read and written past `ws` once it is open */
  constructor(request: TransportRequest, hasFastPaths: boolean) {
    this.request = request
    this.hasFastPaths = hasFastPaths
  }

  /** The headers of the response that upgraded the connection. */
  get headers(): IncomingMessage['headers'] {
    return this.#upgrade?.headers ?? {}
  }

  /** The upgraded socket. */
  get rawSocket(): Socket | undefined {
    return this.#upgrade?.socket
  }

  /** The error of a server that refused to upgrade, with what has been received of its response. */
  get refusal(): HandshakeError | undefined {
    if (!this.#refusal) return undefined
    const { statusCode: status = 0, statusMessage = '', headers } = this.#refusal
    const body = Buffer.concat(this.#body).subarray(0, BODY_LIMIT).toString()
    const message = `answered the handshake with ${status} ${statusMessage}`.trimEnd()
    return new HandshakeError(redactUrl(this.request.url), message, { status, headers, body })
  }

  onUpgrade(response: IncomingMessage): void {
    this.#upgrade = response
  }

  /**
   * Keeps the start of the body.
   *
   * @param end closes the socket: `ws` leaves that to its user
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

  /** Returns the error of a handshake that `ws` ended with an error of its own. */
  errorOf(cause: Error): Error {
    const url = redactUrl(this.request.url)
    const violation = VIOLATIONS.find(([pattern]) => pattern.test(cause.message))?.[1]
    if (!this.#upgrade || !violation) return new ConnectFailedError(url, cause)
    const message = `upgraded against the rules: ${reasonOf(cause)}`
    return new HandshakeError(url, message, { violation, headers: this.#upgrade.headers }, { cause })
  }
}
