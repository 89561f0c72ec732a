import { BackpressureError } from '../errors.js'
import type { MessageDroppedError } from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import { Incoming } from './incoming.js'
import { Sending } from './sending.js'
import type { SendingLink, SendingPort } from './sending.js'
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

  constructor(id: string, settings: ConnectionSettings, port: TrafficPort) {
    const { clock, codec, outbox, sendHighWaterMark } = settings
    this.waiters = new Waiters(clock, () => port.waitingChanged())
    this.incoming = new Incoming(id, codec, clock, this.waiters)
    this.sending = new Sending(outbox, sendHighWaterMark, clock, {
      openLink: () => port.openLink(),
      status: () => port.status(),
      dropped: (error: MessageDroppedError, message) => port.report(error, message),
    })
  }

  /** True while a message is being waited for. */
  get isWaiting(): boolean {
    return this.waiters.size > 0
  }

  /** `@OnOpen` has settled: what has waited for that goes out. */
  ready(link: SendingLink): void {
    this.sending.flush(link)
  }

  /** The link is gone, and with it what was on its way. */
  lost(error: Error): void {
    this.waiters.rejectAll(error)
  }

  /** So much is pending that nobody can be waited for any more. */
  overflowed(pending: number): void {
    this.waiters.rejectAll(new BackpressureError(pending))
  }

  /** The connection has ended: everything that is left is settled. */
  end(error: Error): void {
    this.sending.end()
    this.waiters.rejectAll(error)
  }
}
