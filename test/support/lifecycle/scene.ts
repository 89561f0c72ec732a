import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent, Refusal } from '#src/lifecycle/events.js'
import type { LifecycleShape, LifecycleState, LinkName, TimerName } from '#src/lifecycle/state.js'
import { start, step } from '#src/lifecycle/step.js'

/** A fact of an event that is true. The others are false. */
type Fact = 'retry' | 'stable'

function factsOf(facts: readonly Fact[]): { readonly retry: boolean; readonly stable: boolean } {
  return { retry: facts.includes('retry'), stable: facts.includes('stable') }
}

/** Creates events. Facts that are not listed are false. */
export const on = {
  attemptOpened: (link: LinkName): LifecycleEvent => ({ type: 'attemptOpened', link }),
  attemptFailed: (link: LinkName, ...facts: readonly 'retry'[]): LifecycleEvent => ({
    type: 'attemptFailed',
    link,
    retry: facts.includes('retry'),
  }),
  onOpenResolved: (link: LinkName, ...facts: readonly Fact[]): LifecycleEvent => ({
    type: 'onOpenSettled',
    link,
    outcome: 'ok',
    ...factsOf(facts),
  }),
  onOpenThrew: (link: LinkName, ...facts: readonly Fact[]): LifecycleEvent => ({
    type: 'onOpenSettled',
    link,
    outcome: 'threw',
    ...factsOf(facts),
  }),
  linkClosedByPeer: (link: LinkName, ...facts: readonly Fact[]): LifecycleEvent => ({
    type: 'linkClosedByPeer',
    link,
    ...factsOf(facts),
  }),
  linkLost: (link: LinkName, ...facts: readonly Fact[]): LifecycleEvent => ({
    type: 'linkLost',
    link,
    ...factsOf(facts),
  }),
  heartbeatDead: (link: LinkName, ...facts: readonly Fact[]): LifecycleEvent => ({
    type: 'heartbeatDead',
    link,
    ...factsOf(facts),
  }),
  drained: (link: LinkName): LifecycleEvent => ({ type: 'drained', link }),
  onClosingSettled: (link: LinkName): LifecycleEvent => ({ type: 'onClosingSettled', link }),
  onCloseSettled: (link: LinkName): LifecycleEvent => ({ type: 'onCloseSettled', link }),
  timerFired: (timer: TimerName, ...facts: readonly Fact[]): LifecycleEvent => ({
    type: 'timerFired',
    timer,
    ...factsOf(facts),
  }),
  close: (): LifecycleEvent => ({ type: 'close' }),
  terminate: (): LifecycleEvent => ({ type: 'terminate' }),
  end: (): LifecycleEvent => ({ type: 'end' }),
  reconnect: (...facts: readonly ('overlap' | 'stable')[]): LifecycleEvent => ({
    type: 'reconnect',
    overlap: facts.includes('overlap'),
    stable: facts.includes('stable'),
  }),
  signalAborted: (): LifecycleEvent => ({ type: 'signalAborted' }),
} as const

/** A machine, and the effects of its last step. */
export class Scene {
  state: LifecycleState
  refused: Refusal | undefined
  /** Effects of the last step, one per line. */
  effects: readonly string[]

  constructor(options: { readonly maxAge: boolean } = { maxAge: false }) {
    const { state, effects } = start(options)
    this.state = state
    this.effects = effects.map(lineOf)
  }

  get shape(): LifecycleShape {
    return this.state.shape
  }

  /** Steps events in order, and returns the effects of the last one. */
  give(...events: readonly LifecycleEvent[]): readonly string[] {
    for (const event of events) {
      const { state, effects, refused } = step(this.state, event)
      this.state = state
      this.refused = refused
      this.effects = effects.map(lineOf)
    }
    return this.effects
  }

  /** Steps events in order, and returns the scene. */
  after(...events: readonly LifecycleEvent[]): this {
    this.give(...events)
    return this
  }
}

/** Formats an effect as one line. */
export function lineOf(effect: LifecycleEffect): string {
  switch (effect.type) {
    case 'set':
      return `${effect.moves ? 'move' : 'set'} ${effect.timer} by ${effect.length}`
    case 'cancel':
      return `cancel ${effect.timer}`
    case 'drain':
      return `drain ${effect.link} (${effect.until})`
    case 'closeFrame':
      return `closeFrame ${effect.link} (${effect.kind})`
    case 'state':
      return `state ${effect.status}`
    case 'onError':
      return `onError ${effect.link} (${effect.stage}: ${effect.consequence})`
    default:
      return 'link' in effect ? `${effect.type} ${effect.link}` : effect.type
  }
}

/** Scenes by name. Links count from 1. The current link is number 1, except in the last two scenes. */
export const scenes = {
  connecting: (): Scene => new Scene(),
  opening: (): Scene => scenes.connecting().after(on.attemptOpened(1)),
  open: (): Scene => scenes.opening().after(on.onOpenResolved(1)),
  aging: (): Scene => new Scene({ maxAge: true }).after(on.attemptOpened(1), on.onOpenResolved(1)),
  /** No session is left, and the delay is running. */
  waiting: (): Scene => scenes.connecting().after(on.attemptFailed(1, 'retry')),
  /** Link 2 connects while link 1 serves. */
  candidateDialling: (): Scene => scenes.aging().after(on.reconnect('overlap', 'stable')),
  candidateOpening: (): Scene => scenes.candidateDialling().after(on.attemptOpened(2)),
  /** Link 2 is the current one, and link 1 lingers. */
  handedOver: (): Scene => scenes.candidateOpening().after(on.onOpenResolved(2, 'stable')),
  /** Link 2 is open, and the failure of link 1 is counted. */
  reopened: (): Scene =>
    scenes.waiting().after(on.timerFired('delay'), on.attemptOpened(2), on.onOpenResolved(2)),
} as const
