import { ConnectionEffects } from '#src/connection/connection-effects.js'
import { LifecycleDriver } from '#src/connection/driver.js'
import type { EffectRunner, Report } from '#src/connection/driver.js'
import type { LifecycleEffect } from '#src/lifecycle/effects.js'
import type { LifecycleEvent, Refusal } from '#src/lifecycle/events.js'
import type { LifecycleState } from '#src/lifecycle/state.js'
import { step } from '#src/lifecycle/step.js'

/** A mistake in the step or in the driver. */
export interface Mutation {
  readonly step?: typeof step
  /** Runs the first effect before the state is stored. */
  readonly storesLate?: boolean
  /** Steps events immediately when they are reported during effects. */
  readonly stepsAtOnce?: boolean
}

/** A shorter `LifecycleDriver` with one mistake. */
class MutantDriver {
  state: LifecycleState
  readonly #mutation: Mutation
  readonly #runner: EffectRunner<unknown>
  readonly #effects: { readonly effect: LifecycleEffect; readonly facts: unknown }[] = []
  readonly #reports: (() => Report<unknown> | undefined)[] = []
  #isRunning = false

  constructor(state: LifecycleState, runner: EffectRunner<unknown>, mutation: Mutation) {
    this.state = state
    this.#runner = runner
    this.#mutation = mutation
  }

  call(event: LifecycleEvent, facts: unknown): Refusal | undefined {
    const { state, effects, refused } = (this.#mutation.step ?? step)(this.state, event)
    const [first, ...rest] = effects
    const isLate = this.#mutation.storesLate === true && first !== undefined && !this.#isRunning
    if (isLate) this.#runner.run(first, facts)
    this.state = state
    if (first === undefined) return refused
    this.#runner.onStep(effects, facts)
    this.#effects.push(...(isLate ? rest : effects).map((effect) => ({ effect, facts })))
    this.#finish()
    return refused
  }

  report(prepare: () => Report<unknown> | undefined): void {
    if (this.#mutation.stepsAtOnce) {
      const report = prepare()
      if (report) this.call(report.event, report.facts)
      return
    }
    this.#reports.push(prepare)
    this.#finish()
  }

  #finish(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    while (this.#effects.length > 0 || this.#reports.length > 0) {
      const next = this.#effects.shift()
      if (next) this.#runner.run(next.effect, next.facts)
      else {
        const report = this.#reports.shift()?.()
        if (report) this.call(report.event, report.facts)
      }
    }
    this.#isRunning = false
    this.#runner.onIdle()
  }
}

/** Replaces the driver of all connections that start during `act` by one with a mistake. */
export async function withMutation(mutation: Mutation, act: () => Promise<void>): Promise<void> {
  const drivers = Object.getOwnPropertyDescriptors(LifecycleDriver.prototype)
  const effects = Object.getOwnPropertyDescriptors(ConnectionEffects.prototype)
  replace(mutation, drivers)
  try {
    await act()
  } finally {
    Object.defineProperties(LifecycleDriver.prototype, drivers)
    Object.defineProperties(ConnectionEffects.prototype, effects)
  }
}

type Descriptors = { readonly [Name in keyof typeof LifecycleDriver.prototype]: PropertyDescriptor }

/** Lets the real driver run the first effects, which reveal its runner, and then continues with the mutant. */
function replace(mutation: Mutation, { start, state }: Descriptors): void {
  const mutants = new WeakMap<object, MutantDriver>()
  let starting: object | undefined
  const { onStep } = ConnectionEffects.prototype
  ConnectionEffects.prototype.onStep = function (effects, facts) {
    if (starting) {
      const from = (state.get as () => LifecycleState).call(starting)
      mutants.set(starting, new MutantDriver(from, this, mutation))
    }
    starting = undefined
    onStep.call(this, effects, facts)
  }
  Object.defineProperties(LifecycleDriver.prototype, {
    start: {
      value(this: object, ...args: unknown[]): void {
        // eslint-disable-next-line @typescript-eslint/no-this-alias -- the runner does not expose its driver
        starting = this
        ;(start.value as (...all: unknown[]) => void).apply(this, args)
      },
    },
    state: {
      get(this: object): LifecycleState {
        return mutants.get(this)?.state ?? (state.get as () => LifecycleState).call(this)
      },
    },
    call: {
      value(this: object, event: LifecycleEvent, facts: unknown): Refusal | undefined {
        return mutants.get(this)?.call(event, facts)
      },
    },
    report: {
      value(this: object, prepare: () => Report<unknown> | undefined): void {
        mutants.get(this)?.report(prepare)
      },
    },
  })
}
