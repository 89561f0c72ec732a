import { Logger } from 'holdfast'

/** Keeps its lines, each with its level. */
export class KeepingLogger extends Logger {
  readonly lines: string[] = []
  debug(message: string): void {
    this.lines.push(`debug ${message}`)
  }
  info(message: string): void {
    this.lines.push(`info ${message}`)
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`)
  }
  error(message: string): void {
    this.lines.push(`error ${message}`)
  }
}
