import type { HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { MessageKey } from '../annotations/metadata.js'
import { readerOf } from '../messages/route.js'
import type { Route } from '../messages/route.js'

/** Returns the user's own key for an id that the server has given a subscription. */
export type SubscriptionKeys = (id: unknown) => string | undefined

/** Finds a message's key, and the handler for it. */
export class Router {
  readonly #read: (message: unknown) => unknown
  readonly #table: HandlerTable
  /** From when the server has given a subscription an id. */
  #subscriptionKeys: SubscriptionKeys | undefined

  constructor(route: Route, table: HandlerTable) {
    this.#read = readerOf(route)
    this.#table = table
  }

  /** From now on an id of the server's counts as the user's own key, if it has one. */
  useSubscriptionKeys(keys: SubscriptionKeys): void {
    this.#subscriptionKeys = keys
  }

  /** Returns the message's key; `undefined` where it has none. A route function that throws is the caller's to catch. */
  keyOf(message: unknown): unknown {
    const key = this.#read(message)
    return this.#subscriptionKeys?.(key) ?? key
  }

  /** Returns the handler for a key, or the one for all the rest. */
  handlerFor(key: unknown): MessageHandler | undefined {
    return this.#table.messages.get(key as MessageKey) ?? this.#table.rest
  }
}
