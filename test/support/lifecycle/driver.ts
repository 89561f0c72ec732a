import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent, Refusal } from '#src/lifecycle/events.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import { step } from '#src/lifecycle/step.js'
import type { LifecycleWorld } from './world.js'

/** For each effect, true if it can run code of the user that calls the connection. */
const RUNS_USER_CODE: Readonly<Record<LifecycleEffect['type'], boolean>> = {
  cancel: false,
  set: false,
  count: false,
  forgive: false,
  attempt: true,
  cutAttempt: true,
  ready: true,
  retire: false,
  lose: true,
  stopTaking: false,
  drain: false,
  discard: false,
  onClosing: true,
  lastWords: true,
  closeFrame: false,
  terminate: false,
  onOpen: true,
  onClose: true,
  state: true,
  onError: true,
  resolveReady: true,
  rejectReady: true,
  abortConnection: true,
  ended: true,
}

export function runsUserCode({ type }: LifecycleEffect): boolean {
  return RUNS_USER_CODE[type]
}

/** Runs inside each effect, like the code of a user or a transport. */
export type Inside = (effect: LifecycleEffect, driver: LifecycleDriver) => void

/**
 * The smallest driver that obeys the rules of the machine. Calls of the user are stepped immediately, and everything else once all
 * effects have run. Effects run in the order of their steps.
 */
export class LifecycleDriver {
  state: LifecycleState
  readonly world: LifecycleWorld
  /** Effects in the order in which they ran. */
  readonly ran: LifecycleEffect[] = []
  readonly #inside: Inside
  readonly #effects: LifecycleEffect[] = []
  readonly #events: LifecycleEvent[] = []
  #isRunning = false

  constructor(state: LifecycleState, world: LifecycleWorld, inside: Inside) {
    this.state = state
    this.world = world
    this.#inside = inside
  }

  /** Makes a call of the user. The state and the refusal are up to date when it returns. */
  call(event: LifecycleEvent): Refusal | undefined {
    const refused = this.#step(event)
    this.#run()
    return refused
  }

  /** Reports an event of an attempt, a link, a handler or a timer. */
  tell(event: LifecycleEvent): void {
    this.#events.push(event)
    this.#run()
  }

  #step(event: LifecycleEvent): Refusal | undefined {
    const { state, effects, refused } = step(this.state, event)
    this.state = state
    this.#effects.push(...effects)
    return refused
  }

  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    for (;;) {
      const effect = this.#effects.shift()
      if (effect) this.#perform(effect)
      else {
        this.world.forget(this.state)
        const event = this.#events.shift()
        if (!event) break
        if (this.world.happens(event)) this.#step(event)
      }
    }
    this.#isRunning = false
  }

  #perform(effect: LifecycleEffect): void {
    this.world.run(effect)
    this.ran.push(effect)
    this.#inside(effect, this)
  }
}
