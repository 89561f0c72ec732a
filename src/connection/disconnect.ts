import { ConnectionLostError, HandshakeError } from '../errors/errors.js'
import type { TransportEnd } from '../transports/transport.js'
import { CloseCode } from '../link/close-code.js'
import type { CloseInfo, Initiator } from '../link/close-code.js'
import type { Failure, Verdict } from './retry-policy.js'
import type { Stage } from '../session/state.js'

/** Why and how a link was lost, or an attempt failed. */
export interface Loss {
  readonly initiator: Initiator
  readonly stage: Stage
  readonly error?: Error
  readonly code?: number
  readonly reason?: string
  /** The code that this side closes with because of it. */
  readonly sentCode?: number
  /** What follows, where it is not the policy's to say. */
  readonly verdict?: Verdict
}

/** Tells who ended a link from how it ended: a violation is answered by this side, a close frame comes from the peer. */
export function initiatorOf({ code, sentCode }: TransportEnd): Initiator {
  if (sentCode !== undefined) return 'local'
  return code === CloseCode.ABNORMAL ? 'lost' : 'remote'
}

/** Says in a sentence how a connection was lost; it is what all who depended on it are told. */
function describeLoss({ error, initiator, code, reason }: Loss): string {
  if (error) return `The connection was lost: ${error.message}`
  if (initiator === 'local') return 'The connection was closed here'
  if (initiator === 'lost') return 'The connection ended without a close frame'
  return `The peer closed the connection with ${code}${reason ? ` (${reason})` : ''}`
}

/** Puts together what the reconnect policy is told of a loss. */
export function failureOf(
  { error, initiator, code, reason }: Loss,
  facts: Pick<Failure, 'attempt' | 'elapsed' | 'lastMessage' | 'hasBeenOpen'>,
): Failure {
  const refusal = error instanceof HandshakeError ? { status: error.status, headers: error.headers } : {}
  if (!facts.hasBeenOpen) return { ...refusal, ...facts, error, initiator }
  return { ...refusal, ...facts, error, initiator, code: code ?? CloseCode.ABNORMAL, reason: reason ?? '' }
}

/** Puts together what `@OnClose` is told of a link's end. */
export function closeInfoOf(
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

/** What there is to say of the end of a connection that has never opened. */
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
export function lostError(loss: Loss): ConnectionLostError {
  const { error: cause, code = CloseCode.ABNORMAL, reason = '' } = loss
  return new ConnectionLostError(describeLoss(loss), code, reason, cause && { cause })
}
