import { HoldfastError } from './holdfast-error.js'

/** One thing that is wrong with a class, a module or an option, found before anything connects. */
export interface Mistake {
  /** Where it is: `TickerClient#opened`, `AppModule`, `options.heartbeat.interval`. */
  readonly place: string
  /** What is wrong there. */
  readonly cause: string
  /** What to type instead. */
  readonly fix: string
}

/** All mistakes of a start at once. Nothing has connected when it is thrown. */
export class StartupError extends HoldfastError {
  readonly code = 'HOLDFAST_STARTUP'
  /** The name of the class that was to be started. */
  readonly target: string
  readonly mistakes: readonly Mistake[]

  constructor(target: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.flatMap(({ place, cause, fix }, index) => [
      `  ${index + 1}. ${place}: ${cause}`,
      `     Fix: ${fix}`,
    ])
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
    super([`${target} cannot start: ${count}.`, ...lines])
    this.target = target
    this.mistakes = mistakes
  }
}
