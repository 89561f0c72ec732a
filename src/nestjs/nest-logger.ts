import type { LogLogger } from '../core/logger.js'
import { NestLogger } from './nest-packages.js'

/** Writes to Nest's log, with the name of the connection as the context. Holdfast's lines already start with that name. */
export class ConnectionLogger implements LogLogger {
  readonly #nest: NestLogger
  readonly #prefix: string

  constructor(name: string) {
    this.#nest = new NestLogger(name)
    this.#prefix = `[${name}] `
  }

  debug(message: string): void {
    this.#nest.debug(this.#lineOf(message))
  }

  log(message: string): void {
    this.#nest.log(this.#lineOf(message))
  }

  warn(message: string): void {
    this.#nest.warn(this.#lineOf(message))
  }

  error(message: string, stack?: string): void {
    if (stack === undefined) this.#nest.error(this.#lineOf(message))
    else this.#nest.error(this.#lineOf(message), stack)
  }

  #lineOf(message: string): string {
    return message.startsWith(this.#prefix) ? message.slice(this.#prefix.length) : message
  }
}
