import { Logger } from 'holdfast'
import type { LogFacts } from 'holdfast'

/** Keeps all log lines with their level, and the errors passed with them. */
export class KeepingLogger extends Logger {
  readonly lines: string[] = []
  /** Lines about state changes, which are kept separately. */
  readonly states: string[] = []
  readonly errors: Error[] = []
  debug(message: string): void {
    this.lines.push(`debug ${message}`)
  }
  info(message: string): void {
    const kept = message.includes('state: ') ? this.states : this.lines
    kept.push(`info ${message}`)
  }
  warn(message: string, facts?: LogFacts): void {
    this.#keep(`warn ${message}`, facts)
  }
  error(message: string, facts?: LogFacts): void {
    this.#keep(`error ${message}`, facts)
  }
  #keep(line: string, facts: LogFacts | undefined): void {
    this.lines.push(line)
    if (facts?.err) this.errors.push(facts.err)
  }
}
