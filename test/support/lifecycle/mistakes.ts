import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent } from '#src/lifecycle/events.js'
import { keyOf, shapeOf } from '#src/lifecycle/state.js'
import type { LifecycleShape, LifecycleState, SessionShape } from '#src/lifecycle/state.js'
import type { LifecycleStep } from '#src/lifecycle/step.js'
import { MACHINE } from './exploration.js'
import type { Machine } from './exploration.js'

type Change = (answer: LifecycleStep, before: LifecycleState, event: LifecycleEvent) => LifecycleStep

/** Returns a machine that changes the answer of each step. */
function mistaken(change: Change): Machine {
  return {
    ...MACHINE,
    step: (state, event) => {
      const answer = MACHINE.step(state, event)
      return answer.refused ? answer : change(answer, state, event)
    },
  }
}

function without(answer: LifecycleStep, isGone: (effect: LifecycleEffect) => boolean): LifecycleStep {
  return { ...answer, effects: answer.effects.filter((effect) => !isGone(effect)) }
}

function reshaped(answer: LifecycleStep, parts: Partial<LifecycleShape>): LifecycleStep {
  return { ...answer, state: { ...answer.state, shape: shapeOf({ ...answer.state.shape, ...parts }) } }
}

/** Applies a change to all sessions of a state. */
function eachSession(answer: LifecycleStep, change: (session: SessionShape) => SessionShape): LifecycleStep {
  const { candidate, current, previous } = answer.state.shape
  return reshaped(answer, {
    candidate: candidate && change(candidate),
    current: current && change(current),
    previous: previous && change(previous),
  })
}

export interface Mistake {
  /** Completes the phrase "a machine that". */
  readonly title: string
  /** The invariant that detects it. */
  readonly invariant: number
  readonly machine: Machine
}

/** Mistakes that a future change could make. The exploration must find each of them. */
export const MISTAKES: readonly Mistake[] = [
  {
    title: 'does not cancel the timeout of @OnOpen',
    invariant: 3,
    machine: mistaken((answer) =>
      without(answer, (effect) => effect.type === 'cancel' && effect.timer.startsWith('open:')),
    ),
  },
  {
    title: 'does not cancel the delay when it closes',
    invariant: 3,
    machine: mistaken((answer) =>
      without(answer, (effect) => effect.type === 'cancel' && effect.timer === 'delay'),
    ),
  },
  {
    title: 'forgets the old link in a handover',
    invariant: 2,
    machine: mistaken((answer) => {
      if (answer.state.shape.previous?.phase !== 'lingering') return answer
      const { state } = reshaped(answer, { previous: undefined })
      return { ...answer, state: { ...state, previous: undefined } }
    }),
  },
  {
    title: 'does not report the loss of a link that the peer closed',
    invariant: 2,
    machine: mistaken((answer, _before, event) =>
      event.type === 'linkClosedByPeer' ? without(answer, ({ type }) => type === 'lose') : answer,
    ),
  },
  {
    title: 'runs no @OnClose for a link that did not drain in time',
    invariant: 2,
    machine: mistaken((answer, _before, event) =>
      event.type === 'timerFired' ? without(answer, ({ type }) => type === 'onClose') : answer,
    ),
  },
  {
    title: 'does not cancel the attempt of a candidate when it closes',
    invariant: 2,
    machine: mistaken((answer, before) =>
      before.candidate === undefined ? answer : without(answer, ({ type }) => type === 'cutAttempt'),
    ),
  },
  {
    title: 'leaves bootstrap pending when it is closed before it opened',
    invariant: 4,
    machine: mistaken((answer) => without(answer, ({ type }) => type === 'rejectReady')),
  },
  {
    title: 'terminates a socket that has ended',
    invariant: 5,
    machine: mistaken((answer, before, event) => {
      const link = before.current
      const isGone = before.shape.current?.phase === 'gone'
      if (event.type !== 'timerFired' || event.timer !== 'cut' || !isGone || link === undefined) return answer
      return { ...answer, effects: [...answer.effects, { type: 'terminate', link }] }
    }),
  },
  {
    title: 'runs @OnClosing after the close frame',
    invariant: 5,
    machine: mistaken((answer) => {
      const frame = answer.effects.find(({ type }) => type === 'closeFrame')
      const goodbye = answer.effects.find(({ type }) => type === 'onClosing')
      if (!frame || !goodbye) return answer
      return { ...answer, effects: [...answer.effects.filter((effect) => effect !== goodbye), goodbye] }
    }),
  },
  {
    title: 'starts a candidate while the previous link is still closing',
    invariant: 6,
    machine: mistaken((answer) => {
      const { state, effects } = answer
      if (!state.shape.wish) return answer
      const link = state.lastLink + 1
      const candidate = MACHINE.start({ maxAge: false }).state.shape.current
      const { state: begun } = reshaped(answer, { wish: false, candidate })
      return {
        state: { ...begun, candidate: link, lastLink: link },
        effects: [...effects, { type: 'attempt', link }],
      }
    }),
  },
  {
    title: 'does not report the state when a candidate becomes the reconnect',
    invariant: 7,
    machine: mistaken((answer, before) =>
      before.candidate !== undefined && answer.state.current === before.candidate
        ? without(answer, ({ type }) => type === 'state')
        : answer,
    ),
  },
  {
    title: 'reports a state before it runs @OnOpen',
    invariant: 7,
    machine: mistaken((answer) => {
      const opens = answer.effects.filter(({ type }) => type === 'onOpen')
      return { ...answer, effects: [...answer.effects.filter(({ type }) => type !== 'onOpen'), ...opens] }
    }),
  },
  {
    title: 'starts no maxAge for the link of a handover',
    invariant: 8,
    machine: mistaken((answer, before) => {
      if (before.shape.candidate === undefined) return answer
      const { effects, state } = without(
        answer,
        (effect) => effect.type === 'set' && effect.timer === 'maxAge',
      )
      const timers = state.shape.timers.filter((timer) => timer !== 'maxAge')
      return effects.length < answer.effects.length ? reshaped({ state, effects }, { timers }) : answer
    }),
  },
  {
    title: 'closes without a deadline',
    invariant: 9,
    machine: mistaken((answer, before) => {
      if (before.shape.closing !== undefined || !answer.state.shape.timers.includes('end')) return answer
      const timers = answer.state.shape.timers.filter((timer) => timer !== 'end')
      return reshaped(
        without(answer, (effect) => effect.type === 'set' && effect.timer === 'end'),
        {
          timers,
        },
      )
    }),
  },
  {
    title: 'does not let a link drain after its end',
    invariant: 10,
    machine: mistaken((answer, before) => {
      if (answer.state === before) return answer
      const shorter = eachSession(answer, (session) =>
        session.phase === 'gone' ? { ...session, timer: undefined } : session,
      )
      return without(shorter, (effect) => effect.type === 'set' && effect.timer.startsWith('drain:'))
    }),
  },
  {
    title: 'ignores its deadline',
    invariant: 10,
    machine: mistaken((answer, before, event) =>
      event.type === 'timerFired' && (event.timer === 'cut' || event.timer === 'end')
        ? { state: before, effects: [] }
        : answer,
    ),
  },
  {
    title: 'refuses end() with the wrong error',
    invariant: 11,
    machine: {
      ...MACHINE,
      step: (state, event) => {
        const answer = MACHINE.step(state, event)
        return answer.refused ? { ...answer, refused: 'ConnectionClosedError' } : answer
      },
    },
  },
  {
    title: 'reacts to a late event of a drained link',
    invariant: 11,
    machine: mistaken((answer, before, event) =>
      event.type === 'drained' && event.link === before.current && answer.state === before
        ? { ...answer, effects: [{ type: 'count' }] }
        : answer,
    ),
  },
  {
    title: 'depends on the name of a link',
    invariant: 12,
    machine: mistaken((answer, _before, event) => {
      if (event.type !== 'attemptOpened' || answer.effects.length === 0 || event.link % 2 === 1) return answer
      const { link } = event
      const extra = { type: 'onError', link, stage: 'open', consequence: 'reported' } as const
      return { ...answer, effects: [...answer.effects, extra] }
    }),
  },
  {
    title: 'has a key that omits whether @OnOpen is running',
    invariant: 12,
    machine: { ...MACHINE, keyOf: (state) => keyOf(state).replaceAll('+running', '') },
  },
  {
    title: 'does not ask for a retry when @OnOpen threw',
    invariant: 13,
    machine: {
      ...MACHINE,
      asks: (state, event) => event.type !== 'onOpenSettled' && MACHINE.asks(state, event),
    },
  },
  {
    title: 'asks for a retry while a candidate opens',
    invariant: 13,
    machine: {
      ...MACHINE,
      asks: (state, event) =>
        MACHINE.asks(state, event) || (event.type === 'linkLost' && event.link === state.current),
    },
  },
]
