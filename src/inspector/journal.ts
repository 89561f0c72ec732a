import { escapeText, excerptOf } from '../core/error-text.js'

/** Longest text that the inspector keeps. */
const LONGEST_TEXT = 500

/** Importance of an entry: `bad` needs a person, `warn` may need one, `info` does not. */
export type Level = 'bad' | 'warn' | 'info'

/** Something that happened to a connection. */
export interface Entry {
  /** Number of the entry in its journal. */
  readonly id: number
  /** When it happened last, in milliseconds since the epoch. */
  readonly at: number
  readonly level: Level
  readonly text: string
  /** Number of times that it happened in succession. */
  readonly times: number
}

/** Shortens and escapes a text that may contain what the server sent. */
export function shownText(text: string): string {
  return excerptOf(escapeText(text), LONGEST_TEXT)
}

/** The latest things that happened to a connection. Equal entries in succession become one with a count, so that a flood displaces nothing. */
export class Journal {
  readonly #limit: number
  #entries: Entry[] = []
  #lastId = 0
  /** Lowest ID that changed since {@link takeChanges}. */
  #changedFrom = 1

  constructor(limit: number) {
    this.#limit = limit
  }

  add(at: number, level: Level, text: string, times = 1): void {
    const shown = shownText(text)
    const last = this.#entries.at(-1)
    if (last?.text === shown && last.level === level) {
      this.#entries[this.#entries.length - 1] = { ...last, at, times: last.times + times }
      this.#changedFrom = Math.min(this.#changedFrom, last.id)
      return
    }
    this.#lastId += 1
    this.#entries.push({ id: this.#lastId, at, level, text: shown, times })
    if (this.#entries.length > this.#limit) this.#entries.shift()
  }

  /** Returns all entries, oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** Returns the entries that are new or have changed since the last call. */
  takeChanges(): readonly Entry[] {
    const changed = this.#entries.filter(({ id }) => id >= this.#changedFrom)
    this.#changedFrom = this.#lastId + 1
    return changed
  }
}
