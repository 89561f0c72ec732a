import { UNPRINTABLE, escapeText } from '../core/error-text.js'

/** The base of every error that Holdfast makes. `code` is stable; `cause` is what lies beneath. */
export abstract class HoldfastError extends Error {
  /** A stable name for programs, such as `HOLDFAST_HANDSHAKE`. */
  abstract readonly code: string

  /** @param message one line, or several: what a peer said in one of them is escaped */
  constructor(message: string | readonly string[], options?: ErrorOptions) {
    super(typeof message === 'string' ? escaped(message) : message.map(escaped).join('\n'), options)
    this.name = new.target.name
  }
}

/** Most messages have nothing to escape. */
function escaped(text: string): string {
  return text.search(UNPRINTABLE) < 0 ? text : escapeText(text)
}
