import { describeValue } from '../core/describe-value.js'

/** Close codes by name (RFC 6455, section 7.4.1, and the IANA registry). */
export const CloseCode = {
  /** The connection has done its work. */
  NORMAL: 1000,
  /** The process is shutting down, or the page is being left. */
  GOING_AWAY: 1001,
  /** The peer violated the protocol. */
  PROTOCOL_ERROR: 1002,
  /** The endpoint cannot handle this type of data. */
  UNSUPPORTED_DATA: 1003,
  /** The close frame contained no code. Never sent. */
  NO_STATUS: 1005,
  /** No close frame arrived. Never sent. */
  ABNORMAL: 1006,
  /** A message does not match its type, such as text that is not valid UTF-8. */
  INVALID_PAYLOAD: 1007,
  /** A message violates the policy of the endpoint. */
  POLICY_VIOLATION: 1008,
  /** A message exceeds the maximum size. */
  MESSAGE_TOO_BIG: 1009,
  /** The server did not negotiate an extension that the client requires. */
  MANDATORY_EXTENSION: 1010,
  /** The endpoint failed unexpectedly. */
  INTERNAL_ERROR: 1011,
  /** The server is restarting. */
  SERVICE_RESTART: 1012,
  /** The server is overloaded. */
  TRY_AGAIN_LATER: 1013,
  /** A gateway received an invalid response from the server behind it. */
  BAD_GATEWAY: 1014,
  /** Sent by Holdfast if `@OnOpen` failed or `reconnect()` was called. Some APIs end a session permanently on 1000 or 1001. */
  RECONNECTING: 4000,
} as const

/** Side that ended a connection: this side, the peer with a close frame, or neither, because the network failed. */
export type Initiator = 'local' | 'remote' | 'network'

/** Maximum length of the reason in a close frame, in bytes of UTF-8 (RFC 6455, section 5.5.1). */
const LONGEST_REASON = 123

/**
 * Checks that the code can be sent and the reason fits.
 *
 * @throws RangeError for an invalid code, or a reason that is too long
 * @throws TypeError if the reason is not a string
 */
export function checkClose(code: number, reason: unknown): asserts reason is string {
  const isRegistered = code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)
  if (!Number.isInteger(code) || !(isRegistered || (code >= 3000 && code <= 4999))) {
    const given =
      typeof code === 'number' ? ` ${String(code)}` : `: expected a number, received ${describeValue(code)}`
    throw new RangeError(`Invalid close code${given}. Use 1000, 1001, or 3000 to 4999`)
  }
  if (typeof reason !== 'string') {
    throw new TypeError(`Invalid close reason: expected a string, received ${describeValue(reason)}`)
  }
  const bytes = new TextEncoder().encode(reason).length
  if (bytes > LONGEST_REASON) {
    throw new RangeError(`Close reason too long: expected at most ${LONGEST_REASON} bytes, received ${bytes}`)
  }
}
