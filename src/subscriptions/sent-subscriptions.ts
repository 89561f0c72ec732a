import type { SubscriptionId } from './subscribe-options.js'

/** Subscriptions that were sent on a link and not rejected, with the IDs that the server assigned. */
export class SentSubscriptions<T extends { readonly key: string }> {
  readonly #sent = new Map<T, SubscriptionId | undefined>()
  readonly #byId = new Map<unknown, T>()

  has(subscription: T): boolean {
    return this.#sent.has(subscription)
  }

  all(): T[] {
    return [...this.#sent.keys()]
  }

  idOf(subscription: T): SubscriptionId | undefined {
    return this.#sent.get(subscription)
  }

  keyOf(id: unknown): string | undefined {
    return this.#byId.get(id)?.key
  }

  /** @param id `undefined` until the server has assigned one */
  add(subscription: T, id?: SubscriptionId): void {
    this.#sent.set(subscription, id)
    if (id !== undefined) this.#byId.set(id, subscription)
  }

  /** Stops mapping the ID to this subscription. */
  forgetId(subscription: T): void {
    const id = this.#sent.get(subscription)
    if (this.#byId.get(id) === subscription) this.#byId.delete(id)
  }

  /** Removes a subscription, and returns whether it existed. */
  delete(subscription: T): boolean {
    this.forgetId(subscription)
    return this.#sent.delete(subscription)
  }

  clear(): void {
    this.#sent.clear()
    this.#byId.clear()
  }

  /**
   * Replaces each sent subscription with the current subscription that has the same key. The current one takes over the ID.
   *
   * @returns the sent subscriptions whose keys no longer exist
   */
  passOn(current: ReadonlyMap<string, T>): T[] {
    const orphans: T[] = []
    for (const [sent, id] of [...this.#sent]) {
      const heir = current.get(sent.key)
      if (!heir) orphans.push(sent)
      else if (heir !== sent) {
        this.delete(sent)
        if (!this.has(heir)) this.add(heir, id)
      }
    }
    return orphans
  }
}
