import { encodeWith } from '../codec.js'
import { BackpressureError } from '../errors.js'
import type { MessageDroppedError } from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import { Incoming } from './incoming.js'
import { Sending } from './sending.js'
import type { SendingLink, SendingPort } from './sending.js'
import { Subscriptions } from './subscriptions.js'
import { Waiters } from './waiters.js'

/** What the traffic asks of its machine. */
export interface TrafficPort extends Pick<SendingPort, 'openLink' | 'status'> {
  /** Reports something that befell a message. */
  report(error: Error, message: unknown): void
  /** Called whenever somebody begins or ends to wait for a message. */
  waitingChanged(): void
}

/** All that rides on a connection and outlives its links: what is sent, what arrives, and who waits for it. */
export class Traffic {
  readonly sending: Sending
  readonly incoming: Incoming
  readonly waiters: Waiters
  readonly subscriptions: Subscriptions
  /** The link whose `@OnOpen` has settled, while it lives. */
  #readyLink: SendingLink | undefined

  constructor(id: string, settings: ConnectionSettings, port: TrafficPort) {
    const { clock, codec, outbox, sendHighWaterMark } = settings
    this.waiters = new Waiters(clock, () => port.waitingChanged())
    this.incoming = new Incoming(id, codec, clock, this)
    this.sending = new Sending(outbox, sendHighWaterMark, clock, {
      openLink: () => port.openLink(),
      status: () => port.status(),
      dropped: (error: MessageDroppedError, message) => port.report(error, message),
    })
    this.subscriptions = new Subscriptions(
      {
        send: (message) => void this.#readyLink?.send(encodeWith(codec, message)),
        isReady: () => this.#readyLink !== undefined && port.status() === 'open',
        report: (error) => port.report(error, undefined),
        waitChanged: () => port.waitingChanged(),
      },
      clock,
    )
  }

  /** True while a message is being waited for. */
  get isWaiting(): boolean {
    return this.waiters.size > 0 || this.subscriptions.pendingAcks > 0
  }

  /** Gives a message to those who wait for it, before any queue, and tells whether there was somebody: then no handler sees it. */
  take(message: unknown): boolean {
    return this.waiters.offer(message) || this.subscriptions.take(message)
  }

  /** `@OnOpen` has settled: what has waited for that goes out, subscriptions first. */
  ready(link: SendingLink): void {
    this.#readyLink = link
    this.subscriptions.ready()
    this.sending.flush(link)
  }

  /** The link is gone, and with it what was on its way. */
  lost(error: Error): void {
    this.#readyLink = undefined
    this.subscriptions.lost()
    this.waiters.rejectAll(error)
  }

  /** So much is pending that nobody can be waited for any more. */
  overflowed(pending: number): void {
    this.waiters.rejectAll(new BackpressureError(pending))
  }

  /** The connection has ended: everything that is left is settled. */
  end(error: Error): void {
    this.sending.end()
    this.subscriptions.closed()
    this.waiters.rejectAll(error)
  }
}
