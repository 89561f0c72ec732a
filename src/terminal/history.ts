import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Number of entries to keep. */
const LIMIT = 1_000

/** Only the user may read the history, because messages can contain secrets. */
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** Returns the path of the history: in XDG_STATE_HOME or, by default, in `~/.local/state`. */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_STATE_HOME: given, HOME: home = homedir() } = environment
  const states = given !== undefined && given.startsWith('/') ? given : join(home, '.local', 'state')
  return join(states, 'holdfast', 'history')
}

/** Typed messages and commands, kept in a file. A line that starts with a space is not kept. */
export class History {
  readonly #path: string | undefined
  /** Entries from the newest to the oldest. */
  readonly #entries: string[]

  /** @param path file to keep the entries in; without one, they are kept only in memory */
  constructor(path: string | undefined) {
    this.#path = path
    this.#entries = path === undefined ? [] : load(path)
  }

  /** Entries from the newest to the oldest. */
  get entries(): readonly string[] {
    return this.#entries
  }

  /** Adds an entry. A message of several lines becomes one line. If the file cannot be written, the entry is kept only in memory. */
  add(text: string): void {
    const entry = text.replace(/\s*\n\s*/g, ' ')
    if (entry.trim() === '' || entry.startsWith(' ') || entry === this.#entries[0]) return
    this.#entries.unshift(entry)
    this.#entries.splice(LIMIT)
    if (this.#path === undefined) return
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: FOLDER_MODE })
      appendFileSync(this.#path, `${entry}\n`, { mode: FILE_MODE })
    } catch {
      // A session does not end because its history cannot be kept.
    }
  }
}

/** Reads the entries of a file, and shortens the file if it has become too long. */
function load(path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
    const kept = lines.slice(-LIMIT)
    if (lines.length > 2 * LIMIT) writeFileSync(path, `${kept.join('\n')}\n`, { mode: FILE_MODE })
    return kept.reverse()
  } catch {
    return []
  }
}
