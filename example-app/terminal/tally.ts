import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { injectable } from 'tsyringe'
import { Terminal } from './terminal.js'

interface Count {
  messages: number
  openings: number
}

/** Counts the messages and reconnects of all connections through Holdfast's diagnostics channels, and shows the totals at the end. */
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
    this.terminal.line('app', `ended after ${(this.terminal.elapsed / 1_000).toFixed(1)} s`)
    for (const [name, { messages, openings }] of this.#counts) {
      const reconnects = counted(Math.max(0, openings - 1), 'reconnect')
      this.terminal.line('app', `${name}: ${counted(messages, 'message')}, ${reconnects}`)
    }
  }

  readonly #onMessage = (event: unknown): void => {
    this.#countOf(event).messages += 1
  }

  readonly #onState = (event: unknown): void => {
    const count = this.#countOf(event)
    if ((event as { to: string }).to === 'open') count.openings += 1
  }

  #countOf(event: unknown): Count {
    // The ID of a connection is its name and a number, such as inspector#1.
    const [name = ''] = (event as { connection: string }).connection.split('#')
    const count = this.#counts.get(name) ?? { messages: 0, openings: 0 }
    this.#counts.set(name, count)
    return count
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
