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
  /** The mistakes that the message lists. Not enumerable, because Node would print them twice. */
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
