import { encodeWith } from '../codec.js'
import { BackpressureError, toError } from '../errors.js'
import type { MessageDroppedError } from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import { Incoming } from './incoming.js'
import { MessageStreams } from './message-stream.js'
import type { PacedFrame } from './paced-transport.js'
import { PendingRequests } from './pending-requests.js'
import { RateLimiter } from './rate-limiter.js'
import { Sending } from './sending.js'
import type { SendingLink, SendingPort } from './sending.js'
import type { Stage } from './state.js'
import { Subscriptions } from './subscriptions.js'
import { Waiters } from './waiters.js'

/** What the traffic asks of its machine. */
export interface TrafficPort extends Pick<SendingPort, 'openLink' | 'status'> {
  /** The link that is open, whoever asks. */
  currentLink(): SendingLink | undefined
  /** Reports something that befell a message. */
  report(error: Error, stage: Stage, message: unknown): void
  /** Called whenever somebody begins or ends to wait for a message. */
  waitingChanged(): void
}

/** All that rides on a connection and outlives its links: what is sent, what arrives, and who waits for it. */
export class Traffic {
  readonly sending: Sending
  readonly incoming: Incoming
  readonly waiters: Waiters
  readonly subscriptions: Subscriptions
  readonly requests: PendingRequests
  readonly streams: MessageStreams
  /** Keeps what is sent below a rate, over all links; `undefined` where there is no limit. */
  readonly limiter: RateLimiter<PacedFrame> | undefined
  readonly #settings: ConnectionSettings
  /** The link whose `@OnOpen` has settled, while it lives. */
  #readyLink: SendingLink | undefined

  constructor(id: string, settings: ConnectionSettings, port: TrafficPort) {
    const { clock, codec, outbox, sendHighWaterMark } = settings
    this.#settings = settings
    if (settings.rateLimit)
      this.limiter = new RateLimiter(settings.rateLimit, clock, { send: (frame) => frame.run() })
    this.streams = new MessageStreams({ changed: () => port.waitingChanged() })
    this.requests = new PendingRequests(settings.requests, clock, {
      send: (message) => void (port.openLink() ?? port.currentLink())?.send(encodeWith(codec, message)),
      canSend: () => port.openLink() !== undefined,
      changed: () => port.waitingChanged(),
      failed: (thrown) => port.report(toError(thrown), 'decode', undefined),
    })
    this.waiters = new Waiters(clock, () => port.waitingChanged())
    this.incoming = new Incoming(id, codec, this)
    this.sending = new Sending(outbox, sendHighWaterMark, clock, {
      openLink: () => port.openLink(),
      status: () => port.status(),
      dropped: (error: MessageDroppedError, message) => port.report(error, 'send', message),
    })
    this.subscriptions = new Subscriptions(
      {
        send: (message) => {
          this.requests.spend(message)
          void this.#readyLink?.send(encodeWith(codec, message))
        },
        // From within the @OnOpen of a link that is to replace this one, nothing is said on this one any more.
        isReady: () =>
          this.#readyLink !== undefined && port.status() === 'open' && port.openLink() === this.#readyLink,
        report: (error) => port.report(error, 'send', undefined),
        waitChanged: () => port.waitingChanged(),
      },
      clock,
    )
  }

  /** True while a message is being waited for. */
  get isWaiting(): boolean {
    return this.waiters.size > 0 || this.subscriptions.pendingAcks > 0 || this.requests.size > 0
  }

  /** Gives a message to those who wait for it, before any queue, and tells whether there was somebody: then no handler sees it. */
  take(message: unknown): boolean {
    const hasRequests = this.#settings.hasRequests || this.requests.size > 0
    return (
      (hasRequests && this.requests.take(message)) ||
      this.waiters.offer(message) ||
      this.subscriptions.take(message)
    )
  }

  /** Shows a message that nobody took to those who iterate. */
  show(message: unknown): void {
    this.streams.push(message)
  }

  /** Encodes a heartbeat; where the API has requests it takes its id there. */
  encodeBeat(message: unknown): string | Uint8Array {
    return encodeWith(
      this.#settings.codec,
      this.#settings.hasRequests ? this.requests.withId(message) : message,
    )
  }

  /** `@OnOpen` has settled: what has waited for that goes out, subscriptions first. */
  ready(link: SendingLink): void {
    this.#readyLink = link
    this.subscriptions.ready()
    this.sending.flush(link)
    // What went out, or was reported, may have led somebody to give the link up.
    if (this.#readyLink === link) this.requests.ready()
  }

  /**
   * `@OnOpen` of a new link has settled while the old one lives: the new one is said everything, and what was asked of the old one
   * may still be answered, until the function returned is called.
   */
  replaced(link: SendingLink): (error: Error) => void {
    const endOld = this.requests.retire()
    this.subscriptions.lost()
    this.ready(link)
    return endOld
  }

  /** The link is gone, and with it what was on its way. */
  lost(error: Error): void {
    this.#readyLink = undefined
    this.requests.lost(error)
    this.subscriptions.lost()
    this.waiters.rejectAll(error)
  }

  /** So much is pending that nobody can be waited for any more. */
  overflowed(pending: number): void {
    const error = new BackpressureError(pending)
    this.requests.rejectAll(error)
    this.waiters.rejectAll(error)
  }

  /** The connection has ended: everything that is left is settled. `cause` is why, unless it was closed on purpose. */
  end(error: Error, cause: Error | undefined): void {
    this.requests.closed(error)
    if (cause) this.streams.fail(cause)
    else this.streams.end()
    this.sending.end()
    this.subscriptions.closed()
    this.waiters.rejectAll(error)
  }
}
