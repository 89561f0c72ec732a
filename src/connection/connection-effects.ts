import type { Codec } from '../codecs/codec.js'
import { wholeNow } from '../core/clock.js'
import { delayChannel } from '../diagnostics/channels.js'
import { CloseCode } from '../link/close-code.js'
import type { LinkEnd } from '../link/link-closing.js'
import { LOCAL_CLOSE, lostError } from '../session/disconnect.js'
import { Session } from '../session/session.js'
import type { ConnectionState } from '../session/state.js'
import type { Connect, Handshake, OpenTransportListener, Transport } from '../transports/transport.js'
import { Attempt } from '../attempt/attempt.js'
import type { AttemptListener } from '../attempt/attempt.js'
import { ConnectionParts } from './connection-parts.js'
import { publishDelay } from './diagnostics.js'
import type { EffectRunner } from './driver.js'
import { EndingEffects, frameOf } from './ending-effects.js'
import type {
  Consequence,
  LifecycleEffect,
  OnErrorEffect,
  SessionEffect,
  SetEffect,
} from '../lifecycle/effects.js'
import type { LifecycleStatus, LinkName, TimerName } from '../lifecycle/state.js'
import { describeDecision } from './retry-policy.js'
import type { ConnectionSettings } from './settings.js'
import type { StepFacts, Trouble } from './step-facts.js'

/**
 * Shares of the close timeout. `half` is the deadline for handlers and `@OnClosing`, `cut` for the closing handshake. The remaining time is
 * for `@OnClose`.
 */
const SHARES: Readonly<Partial<Record<TimerName, number>>> = { half: 1 / 2, cut: 9 / 10 }

/** Maximum random share subtracted from `maxAge`, so that clients that started together do not reconnect together. */
const MAX_AGE_SPREAD = 1 / 10

/** Shortest wait for the connect limiter that is logged, in milliseconds. */
const LONG_WAIT = 10_000

/**
 * Runs the effects of steps on the parts of a connection. {@link EndingEffects} runs the effects that end a link or the connection.
 *
 * perf: extends the parts, because keeping them in the same object saves 40 B per idle connection.
 */
export abstract class ConnectionEffects
  extends ConnectionParts
  implements EffectRunner<StepFacts>, AttemptListener
{
  readonly #connect: Connect
  /** perf: saves 40 B per idle connection. */
  #ending: EndingEffects | undefined

  constructor(id: string, settings: ConnectionSettings, connect: Connect) {
    super(id, settings)
    this.#connect = connect
  }

  abstract onAttemptOpen(
    attempt: Attempt,
    transport: Transport,
    handshake: Handshake,
    codec: Codec,
  ): OpenTransportListener
  abstract onAttemptFailed(attempt: Attempt, end: LinkEnd): void

  get #endings(): EndingEffects {
    return (this.#ending ??= new EndingEffects(this))
  }

  onStep(effects: readonly LifecycleEffect[], facts: StepFacts): void {
    const { holder, retryPolicy } = this
    for (const effect of effects) {
      if (effect.type === 'set' && effect.length === 'floor') facts.delay = retryPolicy.floor()
      else if (effect.type === 'set' && effect.length === 'retryDecision') facts.delay = decidedDelay(facts)
      else if (effect.type === 'onError' && effect.consequence === 'fatal') this.#endings.noteFailure(facts)
      else if (effect.type === 'state') {
        holder.set(this.#stateOf(effect.status, effects, facts))
        ;(facts.states ??= []).push(holder.state)
      } else if (effect.type === 'ready') holder.set(this.#stateOf('open', effects, facts))
    }
    // Calling close() after end() changes the code.
    if (facts.closing && holder.state.status === 'closing' && this.state.shape.closing === 'close')
      holder.set({ status: 'closing', ...facts.closing })
  }

  run(effect: LifecycleEffect, facts: StepFacts): void {
    const { timers, retryPolicy, openings } = this
    switch (effect.type) {
      case 'set':
        this.#set(effect, facts)
        break
      case 'cancel':
        timers.cancel(effect.timer)
        break
      case 'count':
        retryPolicy.count()
        break
      case 'forgive':
        retryPolicy.forgive()
        break
      case 'attempt':
        this.#attempt(effect.link, facts)
        break
      case 'state':
        this.#tellState(facts)
        break
      case 'resolveReady':
        openings.onSuccess()
        break
      case 'onError':
        this.#tellError(effect, facts)
        break
      case 'rejectReady':
      case 'abortConnection':
      case 'ended':
        this.#endings.run(effect.type)
        break
      default:
        this.#runOnLink(effect, facts)
    }
  }

  onIdle(): void {
    this.links.prune()
  }

  #set({ timer, length, moves }: SetEffect, facts: StepFacts): void {
    const { timers, settings } = this
    const { onOpenTimeout, drainTimeout, closeTimeout, maxAge } = settings
    const lengths = {
      onOpenTimeout,
      drainTimeout,
      closeTimeout,
      endTimeout: facts.endTimeout ?? closeTimeout,
      maxAge: maxAge * (1 - settings.random() * MAX_AGE_SPREAD),
      retryDecision: facts.delay ?? 0,
      floor: facts.delay ?? 0,
    }
    const delay = lengths[length] * (SHARES[timer] ?? 1)
    if (moves) timers.hasten(timer, delay)
    else timers.set(timer, delay)
    const isWait = !moves && (timer === 'delay' || timer === 'handover')
    if (isWait && delayChannel.hasSubscribers) publishDelay(this, delay, waitOf(facts).cause)
  }

  // --- states -----------------------------------------------------------------------------------------------------------

  /** Returns a state with its details. Called right after the step that led to it. */
  #stateOf(status: LifecycleStatus, effects: readonly LifecycleEffect[], facts: StepFacts): ConnectionState {
    const { state, links, openings, retryPolicy } = this
    const next = effects.some(({ type }) => type === 'forgive') ? 1 : retryPolicy.nextAttempt
    switch (status) {
      case 'connecting': {
        const attempt = links.find(state.current)
        return attempt instanceof Attempt ? connectingOf(attempt) : { status, attempt: next }
      }
      case 'opening':
      case 'open': {
        const link = links.session(state.current)?.link
        return { status, connectionNumber: link?.number ?? 0, protocol: link?.transport.protocol ?? '' }
      }
      case 'waiting':
        return { status, attempt: next, ...waitOf(facts) }
      case 'closing':
        return { status, ...closingOf(facts) }
      case 'closed':
        return { status, close: openings.lastClose }
    }
  }

  #tellState(facts: StepFacts): void {
    const told = facts.states?.shift()
    if (!told) return
    const { holder, listener } = this
    const state = told.status === 'closed' ? this.#endings.closedState() : told
    holder.publish(state.status)
    listener?.onStateChange(state)
  }

  // --- failures ---------------------------------------------------------------------------------------------------------

  #tellError({ link, stage, consequence }: OnErrorEffect, { trouble, delay }: StepFacts): void {
    const { links, holder, listener } = this
    if (!trouble) {
      this.reportLate('close', 'no longer waiting for it')
      return
    }
    const part = links.find(link)
    const { signal } = part instanceof Session ? part.link : (part ?? holder)
    const { error } = trouble
    const fatal = consequence === 'fatal'
    // If a handler rejects with the reason of its link's signal, the loss has already been reported.
    if (consequence === 'reported' && error === signal.reason) return
    if (fatal ? this.#endings.isGoodEnd(trouble) : isPlainEnd(trouble) && consequence !== 'the old one stays')
      return
    const said = sayConsequence(consequence, trouble, delay)
    const reported = listener?.onError({ error, stage, fatal, consequence: said, signal })
    if (reported && part instanceof Session) part.ending.onReported(reported)
    const { decision } = trouble
    if (decision?.retry && decision.retryAfter !== undefined) listener?.onWarning(describeDecision(decision))
  }

  // --- attempts and links -----------------------------------------------------------------------------------------------

  onAttemptStart(): void {
    this.retryPolicy.onDelayedStart()
  }

  #attempt(name: LinkName, facts: StepFacts): void {
    const { links, openings, retryPolicy, settings } = this
    const attempt = new Attempt(name, retryPolicy.countAttempt(), this.#connect, settings, this)
    links.add(attempt)
    attempt.start({ isReconnect: openings.count > 0, failure: retryPolicy.lastFailure })
    if (attempt.limiterDelay > 0) this.#onLimited(attempt, facts)
  }

  /** Shows in the state that the attempt waits for the connect limiter. The state was created before the attempt. */
  #onLimited(attempt: Attempt, { states }: StepFacts): void {
    const { holder, state, listener } = this
    const delay = Math.ceil(attempt.limiterDelay)
    if (delay >= LONG_WAIT)
      listener?.onWarning(`Attempt ${attempt.number} waits up to ${delay} ms for connectLimiter`)
    const before = holder.state
    if (before.status !== 'connecting' || state.current !== attempt.name) return
    const limited = connectingOf(attempt)
    holder.set(limited)
    const index = states?.indexOf(before) ?? -1
    if (index >= 0) states?.splice(index, 1, limited)
  }

  #runOnLink(effect: SessionEffect, facts: StepFacts): void {
    const part = this.links.find(effect.link)
    if (effect.type === 'cutAttempt') this.#endings.cut(part)
    else if (part instanceof Session) this.#runOnSession(part, effect, facts)
  }

  #runOnSession(session: Session, effect: SessionEffect, facts: StepFacts): void {
    const { openings, settings } = this
    switch (effect.type) {
      case 'onOpen':
        openings.onOpen()
        if (facts.open) session.open(facts.open)
        break
      case 'ready':
        session.becomeReady(wholeNow(settings.clock))
        break
      case 'retire':
        session.ending.retire()
        break
      case 'lose':
        this.#lose(session, facts)
        break
      case 'stopTaking':
        session.ending.stopTaking()
        break
      case 'drain':
        session.ending.drain(effect.until)
        break
      default:
        this.#endings.end(session, effect, facts)
    }
  }

  #lose(session: Session, { trouble, current }: StepFacts): void {
    const { settings, links, retryPolicy, state } = this
    const isItsTrouble = trouble?.lost === session
    const isCurrent = isItsTrouble ? trouble.isCurrent : (current ?? state.current) === session.name
    if (isCurrent) links.onLost(settings.clock.now(), session)
    if (isCurrent && isItsTrouble && !trouble.decision) retryPolicy.note(trouble.failure)
    session.lose({
      disconnect: isItsTrouble ? trouble.disconnect : LOCAL_CLOSE,
      willReconnect: isItsTrouble && (trouble.decision?.retry ?? true),
      at: wholeNow(settings.clock),
      isCurrent,
    })
  }
}

function decidedDelay({ trouble }: StepFacts): number {
  return trouble?.decision?.retry ? trouble.decision.delay : 0
}

function connectingOf({ number: attempt, limiterDelay }: Attempt): ConnectionState {
  const connecting = { status: 'connecting', attempt } as const
  return limiterDelay > 0 ? { ...connecting, limiterDelay: Math.ceil(limiterDelay) } : connecting
}

type WaitFacts = Omit<ConnectionState & { readonly status: 'waiting' }, 'status' | 'attempt'>

function waitOf({ trouble, delay = 0 }: StepFacts): WaitFacts {
  const cause = trouble?.error ?? lostError(LOCAL_CLOSE)
  const decision = trouble?.decision
  const retryAfter = decision?.retry ? decision.retryAfter : undefined
  return retryAfter === undefined ? { delay, cause } : { delay, cause, retryAfter }
}

/** Returns why the connection closes: because of a call, or because of a failure after which Holdfast does not retry. */
function closingOf({
  closing,
  trouble,
}: StepFacts): Omit<ConnectionState & { readonly status: 'closing' }, 'status'> {
  if (closing || !trouble) return closing ?? { initiator: 'local', code: CloseCode.ABNORMAL, reason: '' }
  const { initiator, stage, sentCode, code = CloseCode.ABNORMAL, reason = '' } = trouble.disconnect
  // This side sends a close frame. In all other cases, the link has already ended.
  if (stage === 'open') return { initiator, ...frameOf('normal', trouble) }
  return { initiator, code: sentCode ?? code, reason }
}

/** Returns true if a link ended without an error, for example with a close frame. `@OnClose` then receives all the details. */
function isPlainEnd({ disconnect: { stage, error } }: Trouble): boolean {
  return stage === 'close' && error === undefined
}

function sayConsequence(consequence: Consequence, { decision }: Trouble, delay = 0): string {
  switch (consequence) {
    case 'fatal':
      return 'not retrying'
    case 'retried':
      return decision ? describeDecision(decision) : `retrying in ${Math.round(delay)} ms`
    case 'the old one stays':
      return 'keeping the current connection'
    case 'reported':
      return 'the connection has already ended'
  }
}
