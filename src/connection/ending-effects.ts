import { wholeNow } from '../core/clock.js'
import { attemptChannel, closeChannel } from '../diagnostics/channels.js'
import { liveConnections } from '../diagnostics/live-connections.js'
import { RetriesExhaustedError } from '../errors/connection-errors.js'
import { ConnectionClosedError, MessageDroppedError } from '../errors/send-errors.js'
import { CloseCode } from '../link/close-code.js'
import { LOCAL_CLOSE, closeInfoOf } from '../session/disconnect.js'
import type { CloseInfo } from '../session/disconnect.js'
import { Session } from '../session/session.js'
import type { ClosingInfo } from '../session/session-handlers.js'
import type { ConnectionState } from '../session/state.js'
import type { Attempt } from '../attempt/attempt.js'
import { publishCanceled, publishClose } from './diagnostics.js'
import type { ConnectionParts } from './connection-parts.js'
import type { CloseFrameKind, SessionEffect } from '../lifecycle/effects.js'
import type { StepFacts, Trouble } from './step-facts.js'

/** Runs the effects that end a link or the whole connection. */
export class EndingEffects {
  readonly #parts: ConnectionParts
  /** Error that ended the connection; `undefined` if the connection was closed intentionally. */
  #error: Error | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
  }

  // --- the end of the connection ----------------------------------------------------------------------------------------

  /** Records the failure that ends the connection. */
  noteFailure({ trouble }: StepFacts): void {
    if (!trouble || this.isGoodEnd(trouble)) return
    const { decision, error, lost } = trouble
    const isExhausted = decision?.retry === false && decision.exhausted
    this.#error = isExhausted ? new RetriesExhaustedError(attemptOf(lost), error) : error
  }

  /** Returns true if the peer closed normally and `reconnect` is `false`, which is not an error. */
  isGoodEnd({ disconnect: { initiator, code } }: Trouble): boolean {
    const isGood = code === CloseCode.NORMAL || code === CloseCode.GOING_AWAY
    return this.#parts.settings.reconnect === false && initiator === 'remote' && isGood
  }

  run(type: 'rejectReady' | 'abortConnection' | 'ended'): void {
    const { holder, openings } = this.#parts
    if (type === 'rejectReady')
      openings.fail(this.#error ?? new ConnectionClosedError('Connection closed before it opened'))
    else if (type === 'abortConnection') holder.abort(new ConnectionClosedError('Connection closed'))
    else this.#end()
  }

  /** Returns the `closed` state as it is now. After the step that led to it, the last session has run its `@OnClose`. */
  closedState(): ConnectionState {
    const { holder, openings } = this.#parts
    const last = openings.lastClose
    const close = { ...last, willReconnect: false, error: this.#error ?? last.error }
    holder.set({ status: 'closed', close })
    return holder.state
  }

  #end(): void {
    const { hub, holder } = this.#parts
    const error = this.#error
    liveConnections().delete(this.#parts)
    const unsent = this.#parts.takeLastWords()
    if (unsent) hub.drop(new MessageDroppedError('gone', [unsent.message]), unsent.message)
    hub.end(new ConnectionClosedError('Connection closed', error && { cause: error }), error)
    if (holder.state.status === 'closed') holder.closed.resolve(holder.state.close)
  }

  // --- the end of a link ------------------------------------------------------------------------------------------------

  /** Abandons an attempt, even if its link has opened in the meantime. */
  cut(part: Attempt | Session | undefined): void {
    if (part instanceof Session) {
      const at = wholeNow(this.#parts.settings.clock)
      part.lose({ disconnect: LOCAL_CLOSE, at, willReconnect: false, isCurrent: false })
      part.link.closing.terminate()
    } else if (part && !part.isOver) {
      part.cut()
      if (attemptChannel.hasSubscribers) publishCanceled(this.#parts, part)
    }
  }

  end(session: Session, effect: SessionEffect, facts: StepFacts): void {
    const { closing } = session.link
    switch (effect.type) {
      case 'onClosing':
        session.ending.sayGoodbye(this.#frameOf(session, this.#isUserClose ? 'user' : 'normal', facts))
        break
      case 'lastWords':
        this.#sayLastWords(session)
        break
      case 'closeFrame': {
        const { code, reason } = this.#frameOf(session, effect.kind, facts)
        session.closeLink(code, reason)
        break
      }
      case 'terminate':
        session.ending.stopTaking()
        closing.terminate(facts.trouble?.lost === session ? facts.trouble.disconnect.error : undefined)
        break
      case 'discard':
        session.ending.discard(this.#parts.state.shape.closing !== 'terminate')
        break
      case 'onClose':
        session.ending.close(this.#closeInfoOf(session))
        break
      default:
    }
  }

  #sayLastWords({ link }: Session): void {
    // The peer may have started closing.
    const lastWords = link.isOpen ? this.#parts.takeLastWords() : undefined
    if (lastWords) void link.send(lastWords.data)
  }

  get #isUserClose(): boolean {
    return this.#parts.state.shape.closing === 'close'
  }

  /** Returns the code and reason of a close frame. */
  #frameOf(session: Session, kind: CloseFrameKind, { trouble }: StepFacts): ClosingInfo {
    const { state } = this.#parts.holder
    if (kind === 'user' && state.status === 'closing') return { code: state.code, reason: state.reason }
    const frame = frameOf(kind, trouble)
    return frame.reason === '' && session.isReplaced
      ? { ...frame, reason: 'replaced by a new connection' }
      : frame
  }

  /** Returns the argument for `@OnClose`, and records it if the link was the current one. */
  #closeInfoOf(session: Session): CloseInfo {
    const { link, loss, isReplaced } = session
    const { holder, openings } = this.#parts
    const close = closeInfoOf(link, loss?.disconnect, {
      willReconnect: loss?.willReconnect === true && !isReplaced && !holder.isClosing,
      replaced: isReplaced || undefined,
      unsentBytes: link.transport.bufferedAmount,
    })
    if (loss?.isCurrent) openings.onClose(close)
    if (closeChannel.hasSubscribers) publishClose(session, close)
    return close
  }
}

function attemptOf(lost: Attempt | Session): number {
  return lost instanceof Session ? lost.attempt : lost.number
}

/** Returns the code and reason of a close frame that no call asked for. */
export function frameOf(kind: CloseFrameKind, trouble: Trouble | undefined): ClosingInfo {
  const isReconnecting = kind === 'reconnecting'
  const code = isReconnecting ? CloseCode.RECONNECTING : CloseCode.NORMAL
  if (trouble?.disconnect.stage === 'open') return { code, reason: '@OnOpen failed' }
  return { code, reason: isReconnecting ? 'reconnecting' : '' }
}
