import { UNPRINTABLE, escapeText } from '../core/error-text.js'

/** Base class of all Holdfast errors. `code` is stable; `cause` is the underlying error. */
export abstract class HoldfastError extends Error {
  /** Stable error code for use in programs, such as `HOLDFAST_HANDSHAKE`. */
  abstract readonly code: string

  /** @param message one line, or an array of lines. Line breaks and control characters within a line are escaped */
  constructor(message: string | readonly string[], options?: ErrorOptions) {
    super(typeof message === 'string' ? escaped(message) : message.map(escaped).join('\n'), options)
    this.name = new.target.name
  }
}

/** Escapes a line. Most messages contain nothing to escape. */
function escaped(text: string): string {
  return text.search(UNPRINTABLE) < 0 ? text : escapeText(text)
}
