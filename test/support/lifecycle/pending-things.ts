import { getEventListeners } from 'node:events'
import type { Connection } from 'holdfast'
import type { ConnectionLifecycle } from '#src/connection/connection-lifecycle.js'

/** Methods of a connection that can be called again and again. */
const ASKED = ['whenOpen', 'waitFor', 'request'] as const

/** Keeps one of everything that can be pending on a connection, and lists what is still pending. */
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

  /** Calls the methods again whose promises have settled. Does nothing while the connection is closing or closed. */
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
   * Lists everything that a closed connection has left behind.
   *
   * @param lastWords number of accepted messages of `end()`
   * @param sent number of sent messages, including those of `end()`
   * @param dropped number of messages reported as dropped
   */
  leftovers(lastWords: number, sent: number, dropped: number): readonly string[] {
    const accepted = this.#sends + lastWords
    const { bufferedAmount } = this.#connection
    const { subscriptions } = this.#lifecycle.hub.takers
    const listeners = getEventListeners(this.#aborting.signal, 'abort').length
    const left = [...this.#pending].map((name) => `${name} is still pending`)
    if (bufferedAmount > 0) left.push(`${bufferedAmount} B are still buffered`)
    if (subscriptions.size > 0) left.push('a subscription remains')
    if (listeners > 0) left.push(`${listeners} abort listeners remain`)
    if (sent + dropped !== accepted)
      left.push(`${sent} of ${accepted} messages were sent, and ${dropped} were reported`)
    return left
  }
}
