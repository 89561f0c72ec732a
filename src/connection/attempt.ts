import type { Clock, Timer } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { LazySignal } from '../core/lazy-signal.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import { chooseError } from '../link/link-closing.js'
import type { OpenTransportListener } from '../link/link.js'
import type { LinkEnd } from '../link/link-closing.js'
import type {
  Connect,
  Handshake,
  Transport,
  TransportEnd,
  TransportListener,
  TransportRequest,
} from '../transports/transport.js'
import {
  ConnectFailedError,
  ConnectTimeoutError,
  ConnectionLostError,
  InvalidUrlError,
} from '../errors/connection-errors.js'
import { redactUrl } from '../core/url.js'
import { resolveRequest } from './attempt-options.js'
import type { AttemptInfo, AttemptOptions } from './attempt-options.js'

/** Settings of an attempt. */
export interface AttemptSettings extends AttemptOptions {
  readonly connectTimeout: number
  readonly clock: Clock
}

/** Receives the result of an attempt. Exactly one of these is called, once. */
export interface AttemptListener {
  /** The transport is open. The attempt is over; `deliverTo` says who receives what the transport reports from now on. */
  onAttemptOpen(attempt: Attempt, transport: Transport, handshake: Handshake): void
  onAttemptFailed(attempt: Attempt, end: LinkEnd): void
}

/** Passes on what a transport reports: to the attempt until it is open, then to the link. From then on it holds no attempt. */
class Relay implements TransportListener {
  /** Only an attempt hears of the opening. */
  #target: OpenTransportListener & Partial<Pick<TransportListener, 'onOpen'>>

  constructor(attempt: Attempt) {
    this.#target = attempt
  }

  deliverTo(target: OpenTransportListener): void {
    this.#target = target
  }

  onOpen(handshake: Handshake): void {
    this.#target.onOpen?.(handshake)
  }

  onMessage(data: string | Uint8Array): void {
    this.#target.onMessage(data)
  }

  onPing(data: Uint8Array): void {
    this.#target.onPing(data)
  }

  onPong(data: Uint8Array): void {
    this.#target.onPong(data)
  }

  onClose(end: TransportEnd): void {
    this.#target.onClose(end)
  }
}

/**
 * One try to connect: it calls the url, headers and protocols functions and dials, all within `connectTimeout`. It ends as an open
 * transport or as a failure.
 */
export class Attempt implements TransportListener {
  /** Counts from 1; see `AttemptInfo`. */
  readonly number: number
  readonly #settings: AttemptSettings
  readonly #listener: AttemptListener
  readonly #relay = new Relay(this)
  readonly #gone = new LazySignal()
  #url: string | undefined
  #transport: Transport | undefined
  #timer: Timer | undefined
  /** Why this side gave up. */
  #failure: Error | undefined
  #isOver = false
  #isTerminated = false
  #isAbandoned = false

  constructor(number: number, settings: AttemptSettings, listener: AttemptListener) {
    this.number = number
    this.#settings = settings
    this.#listener = listener
  }

  /** The true url, credentials included; `undefined` until it is known. */
  get url(): string | undefined {
    return this.#url
  }

  /** Aborts when the attempt fails or is given up. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /** True once nothing waits for it any more: its failure changes nothing. */
  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  start(connect: Connect, facts: Pick<AttemptInfo, 'isReconnect' | 'failure'>): void {
    const { clock, connectTimeout } = this.#settings
    if (connectTimeout !== Infinity)
      this.#timer = clock.setTimeout(() => this.#onTimeout(connectTimeout), connectTimeout)
    const signal = (): AbortSignal => this.signal
    const info: AttemptInfo = {
      attempt: this.number,
      ...facts,
      // perf: saves 800 B per connection whose functions ask for no signal.
      get signal() {
        return signal()
      },
    }
    resolveRequest(this.#settings, info).then(
      (request) => this.#dial(connect, request),
      (thrown: unknown) => this.#fail({ code: 1006, reason: '', error: toError(thrown) }),
    )
  }

  #dial(connect: Connect, request: TransportRequest): void {
    if (this.#isOver) return
    this.#url = request.url
    try {
      this.#transport = connect(request, this.#relay)
    } catch (thrown) {
      this.#fail({ code: 1006, reason: '', error: unusable(request.url, toError(thrown)) })
    }
  }

  #onTimeout(timeout: number): void {
    const url = this.#url === undefined ? undefined : redactUrl(this.#url)
    this.#failure = new ConnectTimeoutError(url, timeout)
    this.terminate()
  }

  /** Passes on what the transport reports from now on. */
  deliverTo(link: OpenTransportListener): void {
    this.#relay.deliverTo(link)
  }

  /** Gives up; the failure still follows, and changes nothing. */
  abandon(): void {
    this.#isAbandoned = true
    this.terminate()
  }

  /** Gives up; the failure follows once the transport has reported its end. */
  terminate(): void {
    this.#isTerminated = true
    this.#timer?.cancel()
    if (this.#transport) this.#transport.terminate()
    else this.#fail({ code: 1006, reason: '' })
  }

  onOpen(handshake: Handshake): void {
    // It may open all the same; its end follows.
    if (this.#isOver || this.#isTerminated || !this.#transport) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#listener.onAttemptOpen(this, this.#transport, handshake)
  }

  onMessage(): void {
    // Nothing arrives before the transport is open.
  }

  onPing(): void {
    // Nothing arrives before the transport is open.
  }

  onPong(): void {
    // Nothing arrives before the transport is open.
  }

  onClose(end: TransportEnd): void {
    this.#fail(end)
  }

  #fail(end: TransportEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    const error = chooseError(end.error, this.#failure)
    this.#gone.abort(error ?? new ConnectionLostError('The attempt was given up', end.code, end.reason))
    this.#listener.onAttemptFailed(this, { ...end, error })
  }
}

function unusable(url: string, thrown: Error): Error {
  if (thrown instanceof HoldfastError) return thrown
  if (thrown instanceof SyntaxError)
    return new InvalidUrlError(`${redactUrl(url)}: ${thrown.message}`, { cause: thrown })
  return new ConnectFailedError(redactUrl(url), thrown)
}
