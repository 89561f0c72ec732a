import { ConnectionLostError, HandshakeError } from '../errors/connection-errors.js'
import type { TransportEnd } from '../transports/transport.js'
import { CloseCode } from '../link/close-code.js'
import type { Initiator } from '../link/close-code.js'
import type { Stage } from '../errors/stage.js'

/** Passed to `@OnClose`. Describes how a link ended. */
export interface CloseInfo {
  /** Received close code: 1005 if the frame had none, 1006 without a close frame. */
  readonly code: number
  readonly reason: string
  /** Close code that this side sent. */
  readonly sentCode?: number | undefined
  /** True if the peer's close frame arrived. */
  readonly wasClean: boolean
  readonly initiator: Initiator
  /** True if the connection reconnects, as decided when this link was lost. A later `close()` can still prevent it. */
  readonly willReconnect: boolean
  /** True if a new link had already replaced this one, because of `reconnect({ overlap: true })` or `maxAge`. */
  readonly replaced?: boolean | undefined
  /** Number of bytes that were accepted but not sent. */
  readonly unsentBytes: number
  /** Number of the link, from 1; 0 if none ever opened. */
  readonly connectionNumber: number
  /** Cause of the loss, unless it was only a close frame or a plain end of stream. In `closed`, also the error that ended the connection. */
  readonly error?: Error | undefined
}

/** Passed to `shouldReconnect`. Describes a failed attempt or a lost link. */
export interface Failure {
  /** The error, if any. A close frame and a plain end of stream are not errors. */
  readonly error?: Error | undefined
  /** HTTP status of a rejected handshake. */
  readonly status?: number | undefined
  /** Headers of a rejected handshake, names in lower case. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>> | undefined
  /** Received close code of a link that had opened; 1006 without a close frame. */
  readonly code?: number | undefined
  readonly reason?: string | undefined
  readonly initiator: Initiator
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Milliseconds since the start, or since the loss of the last link that had been ready for `minUptime`. */
  readonly elapsed: number
  /** Last received message, decoded. */
  readonly lastMessage?: unknown
  /** True if a link had opened in this attempt. */
  readonly hasBeenOpen: boolean
}

/** Decision after a failure. `delay` and `retryAfter` (the wait that the server asked for) are in milliseconds. */
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
  /** Close code that this side sends because of it. */
  readonly sentCode?: number | undefined
  /** Decision that overrides the retry policy. */
  readonly decision?: RetryDecision | undefined
}

/** Describes how a link was lost, and the consequences. Recorded once, by the lifecycle. */
export interface Loss {
  readonly disconnect: Disconnect
  /** True if the connection reconnects. */
  readonly willReconnect: boolean
  /** True unless the link was a candidate, or had been replaced. */
  readonly isCurrent: boolean
}

/** Returns who ended a link: this side after a violation, the peer with its close frame, or the network. */
export function initiatorOf({ code, sentCode }: TransportEnd): Initiator {
  if (sentCode !== undefined) return 'local'
  return code === CloseCode.ABNORMAL ? 'network' : 'remote'
}

/** Describes how a link was lost, for the error that everything pending on it receives. */
function describeDisconnect({ error, initiator, code, reason }: Disconnect): string {
  if (error) return error instanceof ConnectionLostError ? error.message : `Connection lost: ${error.message}`
  if (initiator === 'local') return 'Connection closed locally'
  if (initiator === 'network') return 'Connection lost: no close frame received'
  return `Connection closed by the peer with ${code}${reason ? ` (${reason})` : ''}`
}

/** Returns the facts of a loss that the retry policy receives. */
export function failureOf(
  { error, initiator, code, reason }: Disconnect,
  facts: Pick<Failure, 'attempt' | 'elapsed' | 'lastMessage' | 'hasBeenOpen'>,
): Failure {
  const refusal = error instanceof HandshakeError ? { status: error.status, headers: error.headers } : {}
  if (!facts.hasBeenOpen) return { ...refusal, ...facts, error, initiator }
  return { ...refusal, ...facts, error, initiator, code: code ?? CloseCode.ABNORMAL, reason: reason ?? '' }
}

/** Facts about a link that has ended. */
export interface EndedLink {
  readonly number: number
  readonly end: TransportEnd
  /** True if this side started closing, or terminated the socket. */
  readonly isLocalEnd: boolean
  /** Close code that this side sent first, if it did. */
  readonly sentCode: number | undefined
}

/** Returns how an open link was lost, based only on the end of its socket. */
export function disconnectOf({ isLocalEnd }: EndedLink, end: TransportEnd): Disconnect {
  const { code, reason, error } = end
  const initiator = isLocalEnd ? 'local' : initiatorOf(end)
  return { initiator, stage: 'close', error, code, reason }
}

/** Returns the argument of `@OnClose`. */
export function closeInfoOf(
  { number: connectionNumber, end, isLocalEnd, sentCode }: EndedLink,
  disconnect: Disconnect | undefined,
  facts: Pick<CloseInfo, 'willReconnect' | 'replaced' | 'unsentBytes'>,
): CloseInfo {
  const initiator = isLocalEnd && !end.error ? 'local' : (disconnect?.initiator ?? initiatorOf(end))
  return closeInfo(end, { ...facts, initiator, connectionNumber, sentCode })
}

/** Combines the end of a transport with the facts of its link. */
function closeInfo(
  { code, reason, error }: TransportEnd,
  facts: Pick<
    CloseInfo,
    'initiator' | 'willReconnect' | 'replaced' | 'unsentBytes' | 'connectionNumber' | 'sentCode'
  >,
): CloseInfo {
  const wasClean = code !== CloseCode.ABNORMAL
  // RFC 6455, section 5.5.1: the reply to a close frame repeats its code.
  const echo = wasClean && code !== CloseCode.NO_STATUS ? code : undefined
  return { code, reason, wasClean, ...facts, sentCode: facts.sentCode ?? echo, error }
}

/** Loss of a link that this side closes without an error. */
export const LOCAL_CLOSE: Disconnect = { initiator: 'local', stage: 'close' }

/** End of a connection that never opened. */
export const NEVER_OPENED: CloseInfo = {
  code: CloseCode.ABNORMAL,
  reason: '',
  wasClean: false,
  initiator: 'local',
  willReconnect: false,
  unsentBytes: 0,
  connectionNumber: 0,
}

/** Returns the error that everything pending on a lost link receives. */
export function lostError(loss: Disconnect): ConnectionLostError {
  const { error: cause, code = CloseCode.ABNORMAL, reason = '' } = loss
  return new ConnectionLostError(describeDisconnect(loss), code, reason, cause && { cause })
}

/** Returns the error that a failure or a loss is reported as. */
export function errorOf(disconnect: Disconnect): Error {
  return disconnect.error ?? lostError(disconnect)
}
