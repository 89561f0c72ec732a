import { STATUS_CODES } from 'node:http'
import { redactUrl } from '../core/url.js'
import { HandshakeError } from '../errors/connection-errors.js'

/** Rest of the HTTP response that refuses a handshake. */
export interface Refusal {
  /** Headers of the response, for example `retry-after`. @default none */
  readonly headers?: Readonly<Record<string, string | string[]>> | undefined
  /** Body of the response. @default empty */
  readonly body?: string | undefined
}

/** Returns the status line of a response without the protocol, for example `503 Service Unavailable`. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
}

/** Returns headers with lowercase names, as Node's HTTP client returns them. */
export function lowercased<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Returns the header lines of a response: one for each value. */
export function headerLines(headers: Readonly<Record<string, string | string[] | undefined>> = {}): string[] {
  return Object.entries(headers).flatMap(([name, value = []]) =>
    [value].flat().map((each) => `${name}: ${each}`),
  )
}

/** Returns the error with which an attempt fails if the server refuses the handshake with an HTTP status. */
export function refusalError(
  url: string,
  status: number,
  { headers = {}, body = '' }: Refusal = {},
): HandshakeError {
  const shown = redactUrl(url)
  const message = `Server rejected the handshake with HTTP ${statusLine(status)}: ${shown}`
  return new HandshakeError(shown, message, { status, headers: lowercased(headers), body })
}
