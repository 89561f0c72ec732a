/** The base of every error that Holdfast makes. `code` is stable; `cause` is what lies beneath. */
export abstract class HoldfastError extends Error {
  /** A stable name for programs, such as `HOLDFAST_HANDSHAKE`. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}
