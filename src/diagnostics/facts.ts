import type { ConnectionDiagnostic, DiagnosticError, HandlerDiagnostic, HandlerKind } from './payloads.js'

/** Copies the facts about a connection, so that a diagnostic is flat. */
abstract class Facts implements ConnectionDiagnostic {
  readonly connection: string
  readonly client: string
  readonly class: string
  readonly serverAddress: string | undefined
  readonly serverPort: number | undefined
  readonly connectionNumber: number

  constructor(facts: ConnectionDiagnostic) {
    this.connection = facts.connection
    this.client = facts.client
    this.class = facts.class
    this.serverAddress = facts.serverAddress
    this.serverPort = facts.serverPort
    this.connectionNumber = facts.connectionNumber
  }
}

/** Call of a handler. Its event is a getter, so that neither `JSON.stringify` nor `util.inspect` shows it. */
export class HandlerFacts extends Facts implements HandlerDiagnostic {
  readonly handler: string
  readonly kind: HandlerKind
  declare error?: DiagnosticError | undefined
  declare around?: ((run: () => unknown) => unknown) | undefined
  readonly #event: unknown

  constructor(facts: ConnectionDiagnostic, handler: string, kind: HandlerKind, event: unknown) {
    super(facts)
    this.handler = handler
    this.kind = kind
    this.#event = event
  }

  get event(): unknown {
    return this.#event
  }
}
