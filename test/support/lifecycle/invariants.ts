import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { ROLES, hasSocket, timersOf } from '#src/lifecycle/state.js'
import type { LifecycleShape, LifecycleState, LifecycleStatus, Phase } from '#src/lifecycle/state.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { hold } from './world.js'
import type { LifecycleWorld } from './world.js'

const LEAVING: readonly (Phase | undefined)[] = [undefined, 'frame', 'cut', 'gone', 'parting']

/** Phases of the current session by status, outside closing. */
const PHASES: Readonly<Partial<Record<LifecycleStatus, readonly (Phase | undefined)[]>>> = {
  connecting: ['dialling'],
  opening: ['opening'],
  open: ['ready'],
  waiting: LEAVING,
}

/** Checks the invariants of a single state, and that it matches the world. */
export function checkState(state: LifecycleState, world: LifecycleWorld): void {
  const { shape } = state
  checkSessions(shape)
  checkStatus(shape, world)
  checkWorld(state, world)
  if (shape.closing === undefined) checkForward(shape)
  else checkClosing(shape, world)
}

function sessionsOf(shape: LifecycleShape): readonly NonNullable<LifecycleShape['current']>[] {
  return ROLES.map((role) => shape[role]).filter((session) => session !== undefined)
}

function checkSessions(shape: LifecycleShape): void {
  const { candidate, current, previous } = shape
  hold(1, !(candidate && previous), 'a candidate and a previous session at once')
  const sockets = sessionsOf(shape).filter(({ phase }) => phase === 'dialling' || hasSocket(phase))
  hold(1, sockets.length <= 2, 'more than two sockets')
  if (candidate) {
    hold(
      6,
      candidate.phase === 'dialling' || candidate.phase === 'opening',
      `a candidate in ${candidate.phase}`,
    )
    hold(6, shape.status === 'open' && current?.phase === 'ready', 'a candidate without a ready current link')
  }
}

function checkStatus(shape: LifecycleShape, world: LifecycleWorld): void {
  const { status, ready, closing } = shape
  hold(7, world.status === status, `the last reported state is ${world.status} in ${status}`)
  const phases = PHASES[status]
  if (phases)
    hold(7, phases.includes(shape.current?.phase), `${status} with ${shape.current?.phase ?? 'no session'}`)
  hold(4, world.ready === ready, `ready is ${ready}, but ${world.ready} for bootstrap`)
  if (status === 'open') hold(4, ready === 'resolved', 'open with ready pending')
  const isClosing = status === 'closing' || status === 'closed'
  hold(7, isClosing === (closing !== undefined), `${status} with the cause ${closing ?? 'none'}`)
  hold(6, world.isAborted === isClosing, `${status} with the signal ${world.isAborted ? '' : 'not '}aborted`)
  if (status === 'closed') {
    const isEmpty = sessionsOf(shape).length === 0 && shape.timers.length === 0 && !shape.wish
    hold(6, isEmpty, 'closed with something pending')
    hold(4, ready !== 'pending', 'closed with ready pending')
  }
  hold(
    7,
    world.hasEnded === (status === 'closed'),
    `${status}, but ended ${world.hasEnded ? 'ran' : 'did not run'}`,
  )
}

/** Checks that the timers and links of the state match the effects and events so far. */
function checkWorld(state: LifecycleState, world: LifecycleWorld): void {
  const named = [...timersOf(state)].sort().join(' ')
  const running = [...world.timers].sort().join(' ')
  hold(3, named === running, `the state lists the timers "${named}", but "${running}" are running`)
  for (const role of ROLES) {
    const session = state.shape[role]
    const link = world.links.get(state[role] ?? -1)
    hold(2, (session === undefined) === (link === undefined), `the ${role} session and its link do not match`)
    if (!session || !link) continue
    const { phase } = session
    const isOpen = link.socket === 'open'
    hold(2, isOpen === hasSocket(phase), `a link that is ${link.socket} in ${phase}`)
    hold(
      2,
      (link.socket === 'dialling') === (phase === 'dialling'),
      `a link that is ${link.socket} in ${phase}`,
    )
    hold(5, link.isTerminated === (phase === 'cut') || !isOpen, `terminated in ${phase}`)
    hold(2, (link.onOpen === 'running') === session.running, `@OnOpen is ${link.onOpen} in ${phase}`)
    hold(2, (link.onClose !== 'none') === (phase === 'parting'), `@OnClose is ${link.onClose} in ${phase}`)
  }
}

function checkForward(shape: LifecycleShape): void {
  const { status, candidate, current, previous, wish, ages, timers } = shape
  const wants = wish || candidate !== undefined || timers.includes('handover')
  hold(8, timers.includes('maxAge') === (ages && status === 'open' && !wants), 'maxAge at the wrong time')
  hold(8, !wants || status === 'open', `a handover while ${status}`)
  hold(
    8,
    Number(wish) + Number(candidate !== undefined) + Number(timers.includes('handover')) < 2,
    'two handovers',
  )
  hold(10, !wish || previous !== undefined, 'a wish without a previous session')
  if (status === 'waiting') hold(10, timers.includes('delay') || current !== undefined, 'waiting for nothing')
  hold(3, !timers.includes('delay') || status === 'waiting', `delay while ${status}`)
  const isForward = timers.every((timer) => ['delay', 'maxAge', 'handover'].includes(timer))
  hold(3, isForward, `timers of closing while ${status}`)
  for (const { phase, timer } of sessionsOf(shape)) {
    const ends = phase === 'ready' || phase === 'dialling' || phase === 'cut'
    hold(10, ends === (timer === undefined), `a session in ${phase} with the timer ${timer ?? 'none'}`)
  }
}

function checkClosing(shape: LifecycleShape, world: LifecycleWorld): void {
  const { closing, current, previous, timers, status } = shape
  if (status === 'closed') return
  hold(9, previous?.timer === undefined || closing === 'end', 'a timer of a link while closing')
  hold(9, current?.timer === undefined, 'a timer of the current link while closing')
  hold(9, timers.includes('end') === (closing !== 'end'), 'closing without a deadline')
  hold(9, timers.includes('lastWords') === (closing === 'end'), 'end() without its timeout')
  hold(9, sessionsOf(shape).length > 0, 'closing with nothing left')
  hold(
    8,
    !shape.wish && !timers.some((timer) => ['delay', 'maxAge', 'handover'].includes(timer)),
    'a timer of an open connection while closing',
  )
  const { links } = world
  for (const { isFramed, hasLastWords } of links.values())
    if (closing === 'end' && isFramed) hold(5, !hasLastWords, 'a close frame after the message of end()')
}

/** Checks what every step guarantees, whatever the state. */
export function checkAnswer(before: LifecycleState, event: LifecycleEvent, answer: LifecycleStep): void {
  const { status } = before.shape
  const isNoEffect = answer.state === before && answer.effects.length === 0
  const isCall = event.type === 'reconnect' || event.type === 'end'
  const isOver = status === 'closing' || status === 'closed'
  const refusal = !isCall
    ? undefined
    : isOver
      ? 'ConnectionClosedError'
      : event.type === 'end' && status !== 'open'
        ? 'NotConnectedError'
        : undefined
  hold(
    11,
    answer.refused === refusal,
    `${event.type} in ${status} is refused with ${answer.refused ?? 'nothing'}`,
  )
  hold(11, refusal === undefined || isNoEffect, 'a refused call with an effect')
  checkAttempt(before, answer)
  checkOrder(answer)
}

/** Order of effects in a step. A state is reported last, once everything that belongs to it is done. All other effects come third. */
const ORDER: readonly (readonly LifecycleEffect['type'][])[] = [
  ['cancel', 'set'],
  ['count', 'forgive'],
  [],
  ['onOpen', 'onClose'],
  ['state', 'onError', 'resolveReady', 'rejectReady', 'abortConnection'],
  ['ended'],
]

function checkOrder({ effects }: LifecycleStep): void {
  const places = effects.map(({ type }) => {
    const place = ORDER.findIndex((types) => types.includes(type))
    return place < 0 ? 2 : place
  })
  const isSorted = places.every((place, index) => place >= (places[index - 1] ?? 0))
  hold(7, isSorted, `effects out of order: ${effects.map(({ type }) => type).join(', ')}`)
}

/** Checks that an attempt starts only without a current link, or as a candidate while the current link is ready and the previous one is gone. */
function checkAttempt(before: LifecycleState, { state, effects }: LifecycleStep): void {
  for (const effect of effects) {
    if (effect.type !== 'attempt') continue
    if (state.current === effect.link) {
      hold(
        6,
        before.shape.status === 'waiting' && state.shape.status === 'connecting',
        'an attempt out of turn',
      )
    } else {
      hold(6, state.candidate === effect.link, 'an attempt without a session')
      hold(6, state.shape.current?.phase === 'ready' && !state.shape.previous, 'a candidate out of turn')
    }
  }
}
