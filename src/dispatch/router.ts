import type { HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { MessageKey } from '../annotations/metadata.js'
import { syncAnswer } from '../core/thenable.js'
import { readerOf } from '../messages/route.js'
import type { Route } from '../messages/route.js'
import type { RequestsOptions } from '../requests/request-options.js'

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

  /**
   * Returns true if some handlers may run while `@OnOpen` does.
   *
   * @param preset recognizes messages whose handlers do, unless they say otherwise
   */
  hasDuringOpen(preset: RequestsOptions['duringOpen']): boolean {
    const { messages, rest } = this.#table
    const handlers = rest ? [...messages.values(), rest] : [...messages.values()]
    return handlers.some(({ duringOpen = preset !== undefined }) => duringOpen)
  }

  /**
   * Returns true if the handler of a message runs while `@OnOpen` does. A route function that throws is reported when it is the message's turn.
   *
   * @throws what `requests.duringOpen` throws; TypeError if it returns a promise
   */
  isDuringOpen(message: unknown, preset: RequestsOptions['duringOpen']): boolean {
    let handler: MessageHandler | undefined
    try {
      handler = this.handlerFor(this.keyOf(message))
    } catch {
      return false
    }
    if (!handler || handler.duringOpen !== undefined) return handler?.duringOpen ?? false
    return Boolean(syncAnswer(preset?.(message), 'requests.duringOpen'))
  }

  /** From now on an id of the server's counts as the user's own key, if it has one. */
  useSubscriptionKeys(keys: SubscriptionKeys): void {
    this.#subscriptionKeys = keys
  }

  /** Returns the message's key; `undefined` where it has none. A route function that throws is the caller's to catch. */
  keyOf(message: unknown): unknown {
    return this.keyFor(this.#read(message))
  }

  /** Returns the key of a message in which the route has found this. */
  keyFor(found: unknown): unknown {
    return this.#subscriptionKeys?.(found) ?? found
  }

  /** Returns the handler for a key, or the one for all the rest. */
  handlerFor(key: unknown): MessageHandler | undefined {
    return this.#table.messages.get(key as MessageKey) ?? this.#table.rest
  }
}
