import type { HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import type { MessageKey } from '../annotations/metadata.js'
import { syncAnswer } from '../core/thenable.js'
import { readerOf } from '../messages/route.js'
import type { Route } from '../messages/route.js'
import type { RequestsOptions } from '../requests/request-options.js'

/** Returns the application's key for a subscription, given the ID that the server assigned to it. */
export type SubscriptionKeys = (id: unknown) => string | undefined

/** Finds the key of a message, and the handler for it. */
export class Router {
  readonly #read: (message: unknown) => unknown
  readonly #table: HandlerTable
  /** Set once the server has assigned an ID to a subscription. */
  #subscriptionKeys: SubscriptionKeys | undefined

  constructor(route: Route, table: HandlerTable) {
    this.#read = readerOf(route)
    this.#table = table
  }

  /**
   * Returns true if any handler can run while `@OnOpen` runs.
   *
   * @param preset recognizes messages whose handlers run during `@OnOpen` by default
   */
  hasDuringOpen(preset: RequestsOptions['duringOpen']): boolean {
    const { messages, rest } = this.#table
    const handlers = rest ? [...messages.values(), rest] : [...messages.values()]
    return handlers.some(({ duringOpen = preset !== undefined }) => duringOpen)
  }

  /**
   * Returns true if the handler for a message can run while `@OnOpen` runs. Errors thrown by the route function are reported later, when it
   * is the message's turn.
   *
   * @throws whatever `requests.duringOpen` throws; TypeError if it returns a promise
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

  /** Maps the server's subscription IDs to the application's keys from now on. */
  useSubscriptionKeys(keys: SubscriptionKeys): void {
    this.#subscriptionKeys = keys
  }

  /** Returns the key of a message, or `undefined` if it has none. The caller must catch errors thrown by the route function. */
  keyOf(message: unknown): unknown {
    return this.keyFor(this.#read(message))
  }

  /** Returns the key for a value that the route found in a message. */
  keyFor(found: unknown): unknown {
    return this.#subscriptionKeys?.(found) ?? found
  }

  /** Returns the handler for a key, or the catch-all handler. */
  handlerFor(key: unknown): MessageHandler | undefined {
    return this.#table.messages.get(key as MessageKey) ?? this.#table.rest
  }
}
