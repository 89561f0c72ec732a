import type { Handler, HandlerTable } from '../annotations/handler-table.js'
import type { MessageKey } from '../annotations/metadata.js'
import type { ConnectionSettings } from '../options.js'

/** Finds a message's key, and the handler for it. */
export class Router {
  readonly #route: ConnectionSettings['route']
  readonly #table: HandlerTable

  readonly #stableKey: (id: unknown) => string | undefined

  /** @param stableKey the user's own key for an id that the server has given a subscription */
  constructor(
    route: ConnectionSettings['route'],
    table: HandlerTable,
    stableKey: (id: unknown) => string | undefined = () => undefined,
  ) {
    this.#route = route
    this.#table = table
    this.#stableKey = stableKey
  }

  /** Returns the message's key; `undefined` where it has none. A route function that throws is the caller's to catch. */
  keyOf(message: unknown): unknown {
    const key = this.#find(message)
    return this.#stableKey(key) ?? key
  }

  #find(message: unknown): unknown {
    if (typeof this.#route === 'function') return this.#route(message)
    if (typeof message !== 'object' || message === null || !Object.hasOwn(message, this.#route))
      return undefined
    return (message as Record<string, unknown>)[this.#route]
  }

  /** Returns the handler for a key, or the one for all the rest. */
  handlerFor(key: unknown): Handler | undefined {
    return this.#table.messages.get(key as MessageKey) ?? this.#table.rest
  }
}
