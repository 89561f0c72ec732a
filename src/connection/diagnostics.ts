import type { Attempt } from '../attempt/attempt.js'
import { attemptChannel, closeChannel, delayChannel } from '../diagnostics/channels.js'
import { describeError } from '../diagnostics/described-error.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { HandshakeError } from '../errors/connection-errors.js'
import type { CloseInfo } from '../session/disconnect.js'
import type { Session } from '../session/session.js'
import type { ConnectionParts } from './connection-parts.js'

// Call these functions only while the channel has subscribers.

/**
 * Publishes the end of an attempt.
 *
 * @param source the connection or, if the attempt succeeded, its link
 */
export function publishAttempt(
  { facts }: DiagnosticSource,
  { settings: { clock } }: ConnectionParts,
  { dialing, number: attempt }: Attempt,
  error?: Error,
): void {
  const statusCode = error instanceof HandshakeError ? error.status : undefined
  const duration = dialing.duration(clock.now())
  attemptChannel.publish({ ...facts, attempt, duration, error: error && describeError(error), statusCode })
}

/** Publishes that an attempt was canceled, which is not a failure: `close()`, a signal, or another link made it unnecessary. */
export function publishCanceled(parts: ConnectionParts, attempt: Attempt): void {
  publishAttempt(parts, parts, attempt, new DOMException('Connection attempt canceled', 'AbortError'))
}

/** Publishes the start of a wait before an attempt. */
export function publishDelay({ facts, retryPolicy }: ConnectionParts, delay: number, error: Error): void {
  delayChannel.publish({ ...facts, attempt: retryPolicy.nextAttempt, delay, error: describeError(error) })
}

/** Publishes the end of a link. */
export function publishClose(
  { facts, loss, readyAt }: Session,
  { code, error, initiator, sentCode, willReconnect }: CloseInfo,
): void {
  const duration = readyAt === undefined || !loss ? 0 : loss.at - readyAt
  closeChannel.publish({
    ...facts,
    code,
    sentCode,
    initiator,
    willReconnect,
    duration,
    error: error && describeError(error),
  })
}
