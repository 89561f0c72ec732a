import type { Attributes } from './otel-api.js'

/** The part of an error that determines its type. */
interface TypedError {
  readonly name: string
  readonly code?: unknown
}

/** Matches codes and names such as `HOLDFAST_HANDSHAKE`, `ECONNREFUSED`, and `TypeError`. */
const IDENTIFIER = /^[A-Za-z][\w.]{0,63}$/

/** Value that OpenTelemetry defines for errors of an unknown type. */
const OTHER = '_OTHER'

/** Maximum number of different values. Later ones become `_OTHER`. */
const MOST = 100

/**
 * Determines `error.type`: the code of an error, or else its name. Never contains the message. The number of values is limited, because an
 * application can create errors whose codes or names come from the server.
 *
 * https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
 */
export class ErrorTypes {
  readonly #known = new Set<string>()

  /** Returns the attribute for an error. There is none without an error, and none if the work was aborted on purpose. */
  attributes(error: TypedError | undefined): Attributes {
    if (!error || isAbort(error)) return {}
    return { 'error.type': this.#bounded(typeof error.code === 'string' ? error.code : error.name) }
  }

  #bounded(type: string): string {
    if (this.#known.has(type)) return type
    if (!IDENTIFIER.test(type) || this.#known.size >= MOST) return OTHER
    this.#known.add(type)
    return type
  }
}

/** Returns true for the errors of an `AbortSignal` and of Node's own functions that take one. */
function isAbort({ name, code }: TypedError): boolean {
  return name === 'AbortError' || code === 'ABORT_ERR'
}
