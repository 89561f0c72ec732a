import type { SubscriptionId } from './subscribe-options.js'

/** Subscriptions that were sent on a link and not refused, with the ids that the server gave them. */
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

  /** @param id `undefined` until the server has given one */
  add(subscription: T, id?: SubscriptionId): void {
    this.#sent.set(subscription, id)
    if (id !== undefined) this.#byId.set(id, subscription)
  }

  /** From now on no message belongs to a subscription. */
  forgetId(subscription: T): void {
    const id = this.#sent.get(subscription)
    if (this.#byId.get(id) === subscription) this.#byId.delete(id)
  }

  /** Returns whether it was there. */
  delete(subscription: T): boolean {
    this.forgetId(subscription)
    return this.#sent.delete(subscription)
  }

  clear(): void {
    this.#sent.clear()
    this.#byId.clear()
  }

  /**
   * Passes each subscription that was sent, and its id, on to the one that has its key today.
   *
   * @returns those whose keys nobody has
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
