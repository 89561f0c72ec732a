import type { Clock, Timer } from '../core/clock.js'
import { OnOpenScope } from './on-open-scope.js'
import type { OpenOutcome } from './session-handlers.js'

/** Settings of a run. */
export interface OnOpenSettings {
  readonly clock: Clock
  readonly onOpenTimeout: number
}

/** Shared by all connections: finds the `@OnOpen` that a call comes from. Its messages go out immediately, and all others wait until it has settled. */
const scope = new OnOpenScope<OnOpenRun>()

/** One run of `@OnOpen`, for `onOpenTimeout` at most if it returns a promise. */
export class OnOpenRun {
  readonly #settings: OnOpenSettings
  #timer: Timer | undefined

  constructor(settings: OnOpenSettings) {
    this.#settings = settings
  }

  /** True while the caller is part of this `@OnOpen`, also after an await. */
  get isCaller(): boolean {
    return scope.owner === this
  }

  start(open: () => OpenOutcome | Promise<OpenOutcome>): OpenOutcome | Promise<OpenOutcome | 'late'> {
    const running = scope.run(this, open)
    if (!(running instanceof Promise)) return running
    const { clock, onOpenTimeout } = this.#settings
    return new Promise((resolve) => {
      const end = (outcome: OpenOutcome | 'late'): void => {
        this.stop()
        resolve(outcome)
      }
      if (onOpenTimeout !== Infinity) this.#timer = clock.setTimeout(() => end('late'), onOpenTimeout)
      void running.then(end)
    })
  }

  /** The link has ended: there is no deadline any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
