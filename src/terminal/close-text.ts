import type { CloseInfo } from '../index.js'
import { visibleText } from './visible-text.js'

/** Meanings of close codes (RFC 6455, section 7.4.1, and the IANA registry). */
const MEANINGS: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away: the server is shutting down, or it has moved',
  1002: 'protocol error',
  1003: 'unsupported data: text instead of binary, or the reverse',
  1005: 'no code given',
  1006: 'no close frame: the network failed, or the process at the other end was terminated',
  1007: 'invalid data: for example, text that is not UTF-8',
  1008: 'policy violation: often a missing or expired login',
  1009: 'message too big',
  1010: 'missing extension',
  1011: 'internal server error',
  1012: 'the service is restarting',
  1013: 'try again later: the server is overloaded',
  1014: 'bad gateway: a server behind the gateway failed',
  1015: 'TLS handshake failed',
  3000: 'unauthorized',
  3003: 'forbidden',
  3008: 'timeout',
}

/** Explains a close code in words. */
export function meaningOf(code: number): string {
  const known = MEANINGS[code]
  if (known !== undefined) return known
  if (code >= 4000 && code <= 4999) return "code of this API: see the API's documentation"
  if (code >= 3000 && code <= 3999) return 'code of a library or framework'
  return 'unknown code'
}

/** Describes the end of a link. */
export function describeClose({ code, sentCode, reason, initiator, error }: CloseInfo): string {
  if (initiator === 'local') return `Closed${sentCode === undefined ? '' : ` with ${sentCode}`}`
  if (initiator === 'network') {
    return error ? 'Connection lost' : `Connection lost (${code}, ${meaningOf(code)})`
  }
  const quoted = reason === '' ? '' : ` "${visibleText(reason)}"`
  return `Closed by the server with ${code}${quoted} (${meaningOf(code)})`
}

/** Close codes with which a server ends a connection normally. */
const NORMAL_CODES: readonly number[] = [1000, 1001, 1005]

/** Returns whether a connection ended normally: closed by this side, or by the server without an error code. */
export function endedWell({ code, initiator, error }: CloseInfo): boolean {
  return initiator === 'remote' ? NORMAL_CODES.includes(code) : initiator === 'local' && !error
}
