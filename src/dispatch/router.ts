import type { HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { MessageKey } from '../annotations/metadata.js'
import { readerOf } from '../messages/route.js'
import type { Route } from '../messages/route.js'

/** Knows the user's own key for an id that the server has given a subscription. */
export interface SubscriptionKeys {
  subscriptionKey(id: unknown): string | undefined
}

const NO_KEYS: SubscriptionKeys = { subscriptionKey: () => undefined }

/** Finds a message's key, and the handler for it. */
export class Router {
  readonly #read: (message: unknown) => unknown
  readonly #table: HandlerTable
  readonly #subscriptions: SubscriptionKeys

  constructor(route: Route, table: HandlerTable, subscriptions: SubscriptionKeys = NO_KEYS) {
    this.#read = readerOf(route)
    this.#table = table
    this.#subscriptions = subscriptions
  }

  /** Returns the message's key; `undefined` where it has none. A route function that throws is the caller's to catch. */
  keyOf(message: unknown): unknown {
    const key = this.#read(message)
    return this.#subscriptions.subscriptionKey(key) ?? key
  }

  /** Returns the handler for a key, or the one for all the rest. */
  handlerFor(key: unknown): MessageHandler | undefined {
    return this.#table.messages.get(key as MessageKey) ?? this.#table.rest
  }
}
