import type { LifecycleEffect } from '../lifecycle/effects.js'
import type { LifecycleEvent, Refusal } from '../lifecycle/events.js'
import type { LifecycleState } from '../lifecycle/state.js'
import { start, step } from '../lifecycle/step.js'

/** An event, and the data for its effects. The event itself contains only what the state machine needs for its decisions. */
export interface Report<Facts> {
  readonly event: LifecycleEvent
  readonly facts: Facts
}

/** Performs the effects of steps. */
export interface EffectRunner<Facts> {
  /** Called when a step is done and the new state is stored, before the step's effects run. */
  onStep(effects: readonly LifecycleEffect[], facts: Facts): void
  run(effect: LifecycleEffect, facts: Facts): void
  /** Called when all work is done. */
  onIdle(): void
}

/** Pending effects and reports. Their number is bounded, no matter what user code calls. */
interface Work<Facts> {
  readonly effects: { readonly effect: LifecycleEffect; readonly facts: Facts }[]
  readonly reports: (() => Report<Facts> | undefined)[]
}

/**
 * Drives the lifecycle of a connection: it stores the state, then performs the effects in order.
 *
 * A call from user code is processed immediately, even inside an effect. Its effects are queued behind earlier ones. Reports from attempts,
 * links, handlers and timers that arrive while effects run are processed afterward.
 */
export class LifecycleDriver<Facts> {
  readonly #runner: EffectRunner<Facts>
  #state: LifecycleState
  /** Work of the running step; `undefined` between steps. */
  #work: Work<Facts> | undefined

  /** @param ages true if the `maxAge` option is set */
  constructor(ages: boolean, runner: EffectRunner<Facts>) {
    this.#runner = runner
    this.#state = start({ maxAge: ages }).state
  }

  get state(): LifecycleState {
    return this.#state
  }

  /** Performs the first effects, unless a call has already ended the connection. */
  start(ages: boolean, facts: Facts): void {
    if (this.#state.shape.status === 'connecting') this.#perform(start({ maxAge: ages }).effects, facts)
  }

  /** Processes a call from user code. The state has been updated when it returns. Returns the reason if the call is refused. */
  call(event: LifecycleEvent, facts: Facts): Refusal | undefined {
    const { state, effects, refused } = step(this.#state, event)
    this.#state = state
    this.#perform(effects, facts)
    return refused
  }

  /**
   * Processes a report, which is any event that is not a call from user code.
   *
   * @param prepare creates the event when the report's turn comes, and obtains the decisions that the event needs. Returns `undefined` if
   * there is nothing to process.
   */
  report(prepare: () => Report<Facts> | undefined): void {
    const isNested = this.#work !== undefined
    const work = this.#work ?? this.#begin()
    work.reports.push(prepare)
    if (!isNested) this.#finish(work)
  }

  #perform(effects: readonly LifecycleEffect[], facts: Facts): void {
    if (effects.length === 0) return
    this.#runner.onStep(effects, facts)
    const isNested = this.#work !== undefined
    const work = this.#work ?? this.#begin()
    for (const effect of effects) work.effects.push({ effect, facts })
    if (!isNested) this.#finish(work)
  }

  #begin(): Work<Facts> {
    this.#work = { effects: [], reports: [] }
    return this.#work
  }

  /** Does all pending work, even if an effect throws. */
  #finish(work: Work<Facts>): void {
    const thrown: unknown[] = []
    while (work.effects.length > 0 || work.reports.length > 0) {
      try {
        this.#next(work)
      } catch (error) {
        thrown.push(error)
      }
    }
    this.#work = undefined
    this.#runner.onIdle()
    if (thrown.length > 0) throw thrown[0]
  }

  #next({ effects, reports }: Work<Facts>): void {
    const next = effects.shift()
    if (next) {
      this.#runner.run(next.effect, next.facts)
      return
    }
    const report = reports.shift()?.()
    if (report) this.call(report.event, report.facts)
  }
}
