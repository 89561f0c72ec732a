import { ConnectionLostError, HandshakeError } from '../errors/connection-errors.js'
import type { TransportEnd } from '../transports/transport.js'
import { CloseCode } from '../link/close-code.js'
import type { Initiator } from '../link/close-code.js'
import type { Stage } from '../errors/stage.js'

/** How one link ended: the argument of `@OnClose`. */
export interface CloseInfo {
  /** Received close code: 1005 if the frame had none, 1006 without a close frame. */
  readonly code: number
  readonly reason: string
  /** The code that this side sent. */
  readonly sentCode?: number | undefined
  /** True when the peer's close frame arrived. */
  readonly wasClean: boolean
  readonly initiator: Initiator
  /** True if another link follows, as decided when this one was lost. A later `close()` can still change that. */
  readonly willReconnect: boolean
  /** True if a new link had already replaced it: `reconnect({ overlap: true })` or `maxAge`. */
  readonly replaced?: boolean | undefined
  /** Bytes that were accepted for sending and had not left. */
  readonly unsentBytes: number
  /** Number of the link, from 1; 0 if none ever opened. */
  readonly connectionNumber: number
  /** Reason of the loss, unless it is only a close frame or a plain end of stream. In `closed`, also the reason why the connection ended. */
  readonly error?: Error | undefined
}

/** Facts of a failed attempt or a lost link: the argument of `shouldReconnect`. */
export interface Failure {
  /** The error, if there is one: a close frame and a plain end of stream are not errors. */
  readonly error?: Error | undefined
  /** The HTTP status of a refused handshake. */
  readonly status?: number | undefined
  /** The headers of a refused handshake, names in lower case. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>> | undefined
  /** Received close code of a link that had opened: 1006 without a close frame. */
  readonly code?: number | undefined
  readonly reason?: string | undefined
  readonly initiator: Initiator
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Milliseconds since the start, or since a link that was ready for `minUptime` was lost. */
  readonly elapsed: number
  /** The last message that was received, decoded. */
  readonly lastMessage?: unknown
  /** True when the transport had opened in this attempt. */
  readonly hasBeenOpen: boolean
}

/** Decision about a failure. `delay` and `retryAfter`, which is what the server asked for, are in milliseconds. */
export type RetryDecision =
  | { readonly retry: true; readonly delay: number; readonly retryAfter?: number | undefined }
  | { readonly retry: false; readonly exhausted: boolean }

/** Why and how a link was lost, or an attempt failed. */
export interface Disconnect {
  readonly initiator: Initiator
  readonly stage: Stage
  readonly error?: Error | undefined
  readonly code?: number | undefined
  readonly reason?: string | undefined
  /** The code that this side closes with because of it. */
  readonly sentCode?: number | undefined
  /** Decision that overrides the policy's. */
  readonly decision?: RetryDecision | undefined
}

/** How a link was lost, and what follows from it. Noted once, by the lifecycle. */
export interface Loss {
  readonly disconnect: Disconnect
  /** True if another connection follows. */
  readonly willReconnect: boolean
  /** True unless the link was a candidate, or had been replaced. */
  readonly isCurrent: boolean
}

/** Tells who ended a link from how it ended: a violation is answered by this side, a close frame comes from the peer. */
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

/** Puts together what the reconnect policy is told of a loss. */
export function failureOf(
  { error, initiator, code, reason }: Disconnect,
  facts: Pick<Failure, 'attempt' | 'elapsed' | 'lastMessage' | 'hasBeenOpen'>,
): Failure {
  const refusal = error instanceof HandshakeError ? { status: error.status, headers: error.headers } : {}
  if (!facts.hasBeenOpen) return { ...refusal, ...facts, error, initiator }
  return { ...refusal, ...facts, error, initiator, code: code ?? CloseCode.ABNORMAL, reason: reason ?? '' }
}

/** The link that has ended, as far as that matters here. */
export interface EndedLink {
  readonly number: number
  readonly end: TransportEnd
  /** True if this side began to close, or terminated the socket. */
  readonly isLocalEnd: boolean
  /** The close code that this side sent first, if it did. */
  readonly sentCode: number | undefined
}

/** Returns how an open link was lost, as far as the end of its socket tells. */
export function disconnectOf({ isLocalEnd }: EndedLink, end: TransportEnd): Disconnect {
  const { code, reason, error } = end
  const initiator = isLocalEnd ? 'local' : initiatorOf(end)
  return { initiator, stage: 'close', error, code, reason }
}

/** Returns what `@OnClose` receives. */
export function closeInfoOf(
  { number: connectionNumber, end, isLocalEnd, sentCode }: EndedLink,
  disconnect: Disconnect | undefined,
  facts: Pick<CloseInfo, 'willReconnect' | 'replaced' | 'unsentBytes'>,
): CloseInfo {
  const initiator = isLocalEnd && !end.error ? 'local' : (disconnect?.initiator ?? initiatorOf(end))
  return closeInfo(end, { ...facts, initiator, connectionNumber, sentCode })
}

/** Puts together what `@OnClose` is told of a link's end. */
function closeInfo(
  { code, reason, error }: TransportEnd,
  facts: Pick<
    CloseInfo,
    'initiator' | 'willReconnect' | 'replaced' | 'unsentBytes' | 'connectionNumber' | 'sentCode'
  >,
): CloseInfo {
  const wasClean = code !== CloseCode.ABNORMAL
  // RFC 6455, section 5.5.1: a close frame is answered with the code that it had.
  const echo = wasClean && code !== CloseCode.NO_STATUS ? code : undefined
  return { code, reason, wasClean, ...facts, sentCode: facts.sentCode ?? echo, error }
}

/** How a link is lost that this side closes, without a reason to be told. */
export const LOCAL_CLOSE: Disconnect = { initiator: 'local', stage: 'close' }

/** End of a connection that has never opened. */
export const NEVER_OPENED: CloseInfo = {
  code: CloseCode.ABNORMAL,
  reason: '',
  wasClean: false,
  initiator: 'local',
  willReconnect: false,
  unsentBytes: 0,
  connectionNumber: 0,
}

/** Makes what all who depended on a link are told. */
export function lostError(loss: Disconnect): ConnectionLostError {
  const { error: cause, code = CloseCode.ABNORMAL, reason = '' } = loss
  return new ConnectionLostError(describeDisconnect(loss), code, reason, cause && { cause })
}

/** Returns the error that a failure or a loss is reported as. */
export function errorOf(disconnect: Disconnect): Error {
  return disconnect.error ?? lostError(disconnect)
}
