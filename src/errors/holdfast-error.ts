import { escapeText } from '../core/error-text.js'

/** The base of every error that Holdfast makes. `code` is stable; `cause` is what lies beneath. */
export abstract class HoldfastError extends Error {
  /** A stable name for programs, such as `HOLDFAST_HANDSHAKE`. */
  abstract readonly code: string

  /** @param message one line, or several: what a peer said in one of them is escaped */
  constructor(message: string | readonly string[], options?: ErrorOptions) {
    super(typeof message === 'string' ? escapeText(message) : message.map(escapeText).join('\n'), options)
    this.name = new.target.name
  }
}
