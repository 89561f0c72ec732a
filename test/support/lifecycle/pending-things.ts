import { getEventListeners } from 'node:events'
import type { Connection } from 'holdfast'
import type { ConnectionLifecycle } from '#src/connection/connection-lifecycle.js'

/** Names of what can be asked of a connection again and again. */
const ASKED = ['whenOpen', 'waitFor', 'request'] as const

/** Everything that can be pending on a connection: it asks anew for whatever has settled, and knows what has not. */
export class PendingThings {
  readonly #connection: Connection
  readonly #lifecycle: ConnectionLifecycle
  readonly #pending = new Set<string>()
  readonly #aborting = new AbortController()
  #sends = 0

  constructor(connection: Connection, lifecycle: ConnectionLifecycle) {
    this.#connection = connection
    this.#lifecycle = lifecycle
    this.#watch('closed', connection.closed)
    this.#watch('ready', lifecycle.openings.ready)
    this.#watch('iterator', connection.messages({ signal: this.#aborting.signal }).next())
    this.renew()
  }

  /** Asks for all that has settled; a connection that closes refuses it. */
  renew(): void {
    const { status } = this.#connection.state
    if (status === 'closing' || status === 'closed') return
    for (const name of ASKED) if (!this.#pending.has(name)) this.#watch(name, this.#ask(name))
    if (status === 'open') return
    this.#sends += 1
    void this.#connection.send(`sent ${this.#sends}`)
  }

  #ask(name: (typeof ASKED)[number]): Promise<unknown> {
    const { signal } = this.#aborting
    switch (name) {
      case 'whenOpen':
        return this.#connection.whenOpen()
      case 'waitFor':
        return this.#connection.waitFor(() => false, { signal })
      case 'request':
        return this.#connection.request({}, { signal, resend: this.#sends % 2 === 1 })
    }
  }

  #watch(name: string, thing: Promise<unknown>): void {
    this.#pending.add(name)
    const settle = (): void => void this.#pending.delete(name)
    thing.then(settle, settle)
  }

  /**
   * Lists what a connection that has closed has left.
   *
   * @param lastWords how many it has accepted
   * @param sent how many messages it has sent, and last words
   * @param dropped how many it has reported
   */
  leftovers(lastWords: number, sent: number, dropped: number): readonly string[] {
    const accepted = this.#sends + lastWords
    const { bufferedAmount } = this.#connection
    const { subscriptions } = this.#lifecycle.hub.takers
    const listeners = getEventListeners(this.#aborting.signal, 'abort').length
    const left = [...this.#pending].map((name) => `${name} is pending`)
    if (bufferedAmount > 0) left.push(`${bufferedAmount} B are kept`)
    if (subscriptions.size > 0) left.push('a subscription is left')
    if (listeners > 0) left.push(`${listeners} abort listeners are left`)
    if (sent + dropped !== accepted)
      left.push(`of ${accepted} messages ${sent} were sent and ${dropped} reported`)
    return left
  }
}
