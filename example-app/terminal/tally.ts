import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { injectable } from 'tsyringe'
import { Terminal } from './terminal.js'

interface Count {
  messages: number
  openings: number
}

/** Counts what all connections tell on Holdfast's diagnostics channels, so that no handler has to, and shows the sum at the end. */
@injectable()
export class Tally {
  readonly #counts = new Map<string, Count>()

  constructor(private readonly terminal: Terminal) {
    subscribe('holdfast:message', this.#onMessage)
    subscribe('holdfast:state', this.#onState)
  }

  dispose(): void {
    unsubscribe('holdfast:message', this.#onMessage)
    unsubscribe('holdfast:state', this.#onState)
    const parts = [...this.#counts].map(([name, { messages, openings }]) => {
      return `${name} ${counted(messages, 'message')}, ${counted(Math.max(0, openings - 1), 'reconnect')}`
    })
    this.terminal.line(
      'app',
      `over after ${(this.terminal.elapsed / 1_000).toFixed(1)} s: ${parts.join('; ')}`,
    )
  }

  readonly #onMessage = (event: unknown): void => {
    this.#countOf(event).messages += 1
  }

  readonly #onState = (event: unknown): void => {
    const count = this.#countOf(event)
    if ((event as { to: string }).to === 'open') count.openings += 1
  }

  #countOf(event: unknown): Count {
    // A connection's id is its name and a number: inspector#1.
    const [name = ''] = (event as { connection: string }).connection.split('#')
    const count = this.#counts.get(name) ?? { messages: 0, openings: 0 }
    this.#counts.set(name, count)
    return count
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
