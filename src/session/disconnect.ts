import { ConnectionLostError, HandshakeError } from '../errors/connection-errors.js'
import type { TransportEnd } from '../transports/transport.js'
import { CloseCode } from '../link/close-code.js'
import type { Initiator } from '../link/close-code.js'
import type { Stage } from '../errors/stage.js'

/** Passed to `@OnClose`. Describes how a link ended. */
export interface CloseInfo {
  /** Close code received from the server: 1005 if the close frame contained no code, 1006 if no close frame arrived. */
  readonly code: number
  /** Reason in the server's close frame; may be empty. */
  readonly reason: string
  /** Close code that Holdfast sent. */
  readonly sentCode?: number | undefined
  /** True if the server's close frame arrived. */
  readonly wasClean: boolean
  /** Side that ended the link. */
  readonly initiator: Initiator
  /** True if Holdfast is going to reconnect, as decided when this link was lost. A later `close()` can still prevent that. */
  readonly willReconnect: boolean
  /** True if a new link had already replaced this one, because of `reconnect({ overlap: true })` or `maxAge`. */
  readonly replaced?: boolean | undefined
  /** Number of bytes that Holdfast accepted but did not send. */
  readonly unsentBytes: number
  /** Number of the link, starting at 1; 0 if no link ever opened. */
  readonly connectionNumber: number
  /**
   * Error that caused the loss; `undefined` after a mere close frame or end of stream. In `connection.closed`, also the error that ended
   * the connection.
   */
  readonly error?: Error | undefined
}

/** Passed to `shouldReconnect`. Describes a failed attempt or a lost link. */
export interface Failure {
  /** The error, if any. A mere close frame or end of stream is not an error. */
  readonly error?: Error | undefined
  /** HTTP status of a rejected handshake. */
  readonly status?: number | undefined
  /** Headers of a rejected handshake, with lowercase names. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>> | undefined
  /** Close code received on a link that had opened; 1006 if no close frame arrived. */
  readonly code?: number | undefined
  /** Reason in the close frame; `undefined` if no link had opened. */
  readonly reason?: string | undefined
  /** Side that ended the link or the attempt. */
  readonly initiator: Initiator
  /** Number of the attempt, starting at 1. */
  readonly attempt: number
  /** Milliseconds since the start, or since the loss of the last link that had been ready for `minUptime`. */
  readonly elapsed: number
  /** The last message received, decoded. */
  readonly lastMessage?: unknown
  /** True if this attempt had opened a link. */
  readonly hasBeenOpen: boolean
}

/** Decision after a failure. `delay` and `retryAfter` (the delay that the server asked for) are in milliseconds. */
export type RetryDecision =
  | { readonly retry: true; readonly delay: number; readonly retryAfter?: number | undefined }
  | { readonly retry: false; readonly exhausted: boolean }

/** Describes why a link was lost or an attempt failed. */
export interface Disconnect {
  readonly initiator: Initiator
  readonly stage: Stage
  readonly error?: Error | undefined
  readonly code?: number | undefined
  readonly reason?: string | undefined
  /** Close code that Holdfast sends because of the failure. */
  readonly sentCode?: number | undefined
  /** Decision to use instead of the retry policy's. */
  readonly decision?: RetryDecision | undefined
}

/** Describes how a link was lost and what follows. Recorded once, by the lifecycle. */
export interface Loss {
  readonly disconnect: Disconnect
  /** Monotonic time at which the link was lost, in whole milliseconds. */
  readonly at: number
  /** True if Holdfast is going to reconnect. */
  readonly willReconnect: boolean
  /** False if the link was a candidate, or had already been replaced. */
  readonly isCurrent: boolean
}

/** Returns who ended a link: Holdfast after a violation, the peer with a close frame, or the network. */
export function initiatorOf({ code, sentCode }: TransportEnd): Initiator {
  if (sentCode !== undefined) return 'local'
  return code === CloseCode.ABNORMAL ? 'network' : 'remote'
}

/** Describes how a link was lost, for the error with which everything pending on the link rejects. */
function describeDisconnect({ error, initiator, code, reason }: Disconnect): string {
  if (error) return error instanceof ConnectionLostError ? error.message : `Connection lost: ${error.message}`
  if (initiator === 'local') return 'Connection closed locally'
  if (initiator === 'network') return 'Connection lost: no close frame received'
  return `Connection closed by the peer with ${code}${reason ? ` (${reason})` : ''}`
}

/** Returns what the retry policy receives about a failed attempt or a lost link. */
export function failureOf(
  { error, initiator, code, reason }: Disconnect,
  facts: Pick<Failure, 'attempt' | 'elapsed' | 'lastMessage' | 'hasBeenOpen'>,
): Failure {
  const refusal = error instanceof HandshakeError ? { status: error.status, headers: error.headers } : {}
  if (!facts.hasBeenOpen) return { ...refusal, ...facts, error, initiator }
  return { ...refusal, ...facts, error, initiator, code: code ?? CloseCode.ABNORMAL, reason: reason ?? '' }
}

/** Information about a link that has ended. */
export interface EndedLink {
  readonly number: number
  readonly end: TransportEnd
  /** True if Holdfast started closing, or terminated the socket. */
  readonly isLocalEnd: boolean
  /** Close code that Holdfast sent before it received one; `undefined` if it did not send one first. */
  readonly sentCode: number | undefined
}

/** Returns how an open link was lost, based only on how its socket ended. */
export function disconnectOf({ isLocalEnd }: EndedLink, end: TransportEnd): Disconnect {
  const { code, reason, error } = end
  const initiator = isLocalEnd ? 'local' : initiatorOf(end)
  return { initiator, stage: 'close', error, code, reason }
}

/** Returns the argument for `@OnClose`. */
export function closeInfoOf(
  { number: connectionNumber, end, isLocalEnd, sentCode }: EndedLink,
  disconnect: Disconnect | undefined,
  facts: Pick<CloseInfo, 'willReconnect' | 'replaced' | 'unsentBytes'>,
): CloseInfo {
  const initiator = isLocalEnd && !end.error ? 'local' : (disconnect?.initiator ?? initiatorOf(end))
  return closeInfo(end, { ...facts, initiator, connectionNumber, sentCode })
}

/** Combines how a transport ended with the information about its link. */
function closeInfo(
  { code, reason, error }: TransportEnd,
  facts: Pick<
    CloseInfo,
    'initiator' | 'willReconnect' | 'replaced' | 'unsentBytes' | 'connectionNumber' | 'sentCode'
  >,
): CloseInfo {
  const wasClean = code !== CloseCode.ABNORMAL
  // RFC 6455, section 5.5.1: the reply to a close frame repeats the code of that frame.
  const echo = wasClean && code !== CloseCode.NO_STATUS ? code : undefined
  return { code, reason, wasClean, ...facts, sentCode: facts.sentCode ?? echo, error }
}

/** Loss of a link that Holdfast closes without an error. */
export const LOCAL_CLOSE: Disconnect = { initiator: 'local', stage: 'close' }

/** Result of closing a connection that never opened. */
export const NEVER_OPENED: CloseInfo = {
  code: CloseCode.ABNORMAL,
  reason: '',
  wasClean: false,
  initiator: 'local',
  willReconnect: false,
  unsentBytes: 0,
  connectionNumber: 0,
}

/** Returns the error with which everything pending on a lost link rejects. */
export function lostError(loss: Disconnect): ConnectionLostError {
  const { error: cause, code = CloseCode.ABNORMAL, reason = '' } = loss
  return new ConnectionLostError(describeDisconnect(loss), code, reason, cause && { cause })
}

/** Returns the error to report for a failed attempt or a lost link. */
export function errorOf(disconnect: Disconnect): Error {
  return disconnect.error ?? lostError(disconnect)
}
