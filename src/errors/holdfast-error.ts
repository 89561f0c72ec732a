import { UNPRINTABLE, escapeText } from '../core/error-text.js'

/** Base class of all errors of Holdfast. `code` is stable; `cause` is the underlying error. */
export abstract class HoldfastError extends Error {
  /** Stable name for programs, such as `HOLDFAST_HANDSHAKE`. */
  abstract readonly code: string

  /** @param message one line, or a list of lines. Line breaks and control characters within a line are escaped */
  constructor(message: string | readonly string[], options?: ErrorOptions) {
    super(typeof message === 'string' ? escaped(message) : message.map(escaped).join('\n'), options)
    this.name = new.target.name
  }
}

/** Escapes a line. Most messages contain nothing to escape. */
function escaped(text: string): string {
  return text.search(UNPRINTABLE) < 0 ? text : escapeText(text)
}
