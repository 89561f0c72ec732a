import { HoldfastError } from './holdfast-error.js'

/** A problem in a class, a module or an option, found before anything connects. */
export interface Mistake {
  /** Location of the problem, such as `TickerClient#opened`, `AppModule` or `options.heartbeat.interval`. */
  readonly place: string
  /** Description of the problem. */
  readonly cause: string
  /** Instructions for fixing it. */
  readonly fix: string
}

/** Thrown by `bootstrap` before anything connects. Lists all problems found. */
export class StartupError extends HoldfastError {
  readonly code = 'HOLDFAST_STARTUP'
  /** Name of the class that could not be started. */
  readonly target: string
  /** The problems listed in the message. Not enumerable, because Node would print them twice. */
  declare readonly mistakes: readonly Mistake[]

  constructor(target: string, mistakes: readonly Mistake[], options?: ErrorOptions) {
    const lines = mistakes.flatMap(({ place, cause, fix }, index) => [
      `  ${index + 1}. ${place}: ${cause}`,
      `     Fix: ${fix}`,
    ])
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
    super([`Cannot start ${target}: ${count} found`, ...lines], options)
    this.target = target
    Object.defineProperty(this, 'mistakes', { value: mistakes })
  }
}
