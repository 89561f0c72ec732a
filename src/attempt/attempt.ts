import type { Codec } from '../codecs/codec.js'
import type { Clock, Timer } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { LazySignal } from '../core/lazy-signal.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import { CloseCode } from '../link/close-code.js'
import { chooseError } from '../link/link-closing.js'
import type { LinkEnd } from '../link/link-closing.js'
import type {
  Connect,
  Handshake,
  OpenTransportListener,
  Transport,
  TransportEnd,
  TransportListener,
  TransportRequest,
} from '../transports/transport.js'
import {
  ConnectFailedError,
  ConnectTimeoutError,
  ConnectionLostError,
  HandshakeError,
  InvalidUrlError,
} from '../errors/connection-errors.js'
import { redactUrl } from '../core/url.js'
import { resolveCodec, resolveRequest } from './attempt-options.js'
import type { AttemptInfo, AttemptOptions } from './attempt-options.js'
import type { ConnectLimiter, LimiterPlace } from './connect-limiter.js'
import { Dialing } from './dialing.js'
import type { DialingPort, DialingSettings } from './dialing.js'

export interface AttemptSettings extends AttemptOptions, DialingSettings {
  readonly connectLimiter?: ConnectLimiter | undefined
  readonly connectTimeout: number
  readonly clock: Clock
}

/** Receives the result of an attempt. Either `onAttemptOpen` or `onAttemptFailed` is called, once. */
export interface AttemptListener extends DialingPort {
  /** Called when an attempt that had to wait for the connect limiter starts. */
  onAttemptStart(): void
  /**
   * Called when the transport is open, which ends the attempt. Returns the listener for all later events from the transport.
   *
   * @param codec codec of the link
   */
  onAttemptOpen(
    attempt: Attempt,
    transport: Transport,
    handshake: Handshake,
    codec: Codec,
  ): OpenTransportListener
  onAttemptFailed(attempt: Attempt, end: LinkEnd): void
}

type AttemptFacts = Pick<AttemptInfo, 'isReconnect' | 'failure'>

/**
 * One attempt to connect. Waits for the connect limiter. Then calls the option functions, connects, and follows redirects, all within
 * `connectTimeout`. The result is an open transport or a failure.
 */
export class Attempt implements TransportListener {
  /** Name that the lifecycle gives to the attempt and its link. */
  readonly name: number
  /** Attempt number, starting at 1; see `AttemptInfo`. */
  readonly number: number
  readonly #settings: AttemptSettings
  readonly #listener: AttemptListener
  readonly #gone = new LazySignal()
  readonly dialing: Dialing
  #transport: Transport | undefined
  #timer: Timer | undefined
  /** Place in the queue of the connect limiter, while the attempt waits there. */
  #place: LimiterPlace | undefined
  /** Receives events from the open transport that still reach the attempt. */
  #link: OpenTransportListener | undefined
  /** Error that made Holdfast abandon the attempt. */
  #failure: Error | undefined
  #isOver = false

  constructor(
    name: number,
    number: number,
    connect: Connect,
    settings: AttemptSettings,
    listener: AttemptListener,
  ) {
    this.name = name
    this.number = number
    this.#settings = settings
    this.#listener = listener
    this.dialing = new Dialing(connect, settings, listener)
  }

  /** Aborts when the attempt fails or is abandoned. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /** Clock of the client, for transports. */
  get clock(): Clock {
    return this.#settings.clock
  }

  /** Maximum time until the connect limiter lets the attempt start, in milliseconds; 0 if it has started. */
  get limiterDelay(): number {
    return this.#place ? Math.max(0, this.#place.dueAt - this.#settings.clock.now()) : 0
  }

  /** Starts the attempt. With a connect limiter, waits until the limiter allows it. */
  start(facts: AttemptFacts): void {
    const { clock, connectLimiter } = this.#settings
    if (!connectLimiter) {
      this.#begin(facts)
      return
    }
    this.#place = connectLimiter.enter(clock, () => {
      if (this.#place) this.#listener.onAttemptStart()
      this.#place = undefined
      this.#begin(facts)
    })
  }

  #begin(facts: AttemptFacts): void {
    const { clock, connectTimeout } = this.#settings
    this.dialing.start(clock.now())
    // Without a transport, an option function or the cookie jar is pending.
    const timeoutError = (): Error =>
      this.#transport
        ? this.dialing.timeoutError(connectTimeout)
        : new ConnectTimeoutError(undefined, connectTimeout)
    if (connectTimeout !== Infinity)
      this.#timer = clock.setTimeout(() => this.#giveUp(timeoutError()), connectTimeout)
    const signal = (): AbortSignal => this.signal
    const info: AttemptInfo = {
      attempt: this.number,
      ...facts,
      // perf: saves 800 B per connection whose functions do not use the signal.
      get signal() {
        return signal()
      },
    }
    resolveRequest(this.#settings, info).then(
      (request) => this.#prepare(request),
      (thrown: unknown) => this.#fail(endWith(toError(thrown))),
    )
  }

  /** Adds the proxy and the cookies for a request, if there are any, and dials. */
  #prepare(request: TransportRequest): void {
    if (this.#isOver) return
    const complete = this.dialing.complete(request)
    if (complete instanceof Promise)
      complete.then(
        (each) => this.#dial(each),
        (thrown: unknown) => this.#fail(endWith(toError(thrown))),
      )
    else this.#dial(complete)
  }

  #dial(request: TransportRequest): void {
    if (this.#isOver) return
    try {
      this.#transport = this.dialing.dial(request, this)
    } catch (thrown) {
      this.#fail(endWith(unusable(request.url, toError(thrown))))
    }
  }

  /** True once the attempt has succeeded, failed, or been canceled. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Abandons the attempt. The listener is not called. */
  cut(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#place?.leave()
    this.#timer?.cancel()
    this.#gone.abort(new ConnectionLostError('Connection attempt canceled', CloseCode.ABNORMAL, ''))
    this.#transport?.terminate()
  }

  /** Abandons the attempt. The listener is called once the transport has ended. */
  #giveUp(failure: Error): void {
    this.#failure = failure
    if (this.#transport) this.#transport.terminate()
    else this.#fail(endWith(undefined))
  }

  onOpen(handshake: Handshake): OpenTransportListener {
    // An abandoned transport can still open before it ends.
    if (this.#isGivenUp() || !this.#transport) return this
    void this.dialing.keepCookies(handshake.headers)
    let codec: Codec
    try {
      codec = resolveCodec(this.#settings)
    } catch (thrown) {
      this.#giveUp(toError(thrown))
      return this
    }
    // The codec function or the cookie jar may have closed the connection.
    if (this.#isGivenUp()) return this
    this.#isOver = true
    this.#timer?.cancel()
    this.#link = this.#listener.onAttemptOpen(this, this.#transport, handshake, codec)
    return this.#link
  }

  #isGivenUp(): boolean {
    return this.#isOver || this.#failure !== undefined
  }

  onMessage(data: string | Uint8Array): void {
    this.#link?.onMessage(data)
  }

  onPing(data: Uint8Array): void {
    this.#link?.onPing(data)
  }

  onPong(data: Uint8Array): void {
    this.#link?.onPong(data)
  }

  onClose(end: TransportEnd): void {
    if (this.#link) this.#link.onClose(end)
    else if (this.#isGivenUp() || !isServersAnswer(end.error)) this.#fail(end)
    else this.#onAnswer(end, end.error)
  }

  /** Called with the server's response if the handshake has failed. Keeps its cookies, and follows a redirect. */
  #onAnswer(end: TransportEnd, answer: HandshakeError): void {
    const kept = this.dialing.keepCookies(answer.headers)
    const next = this.dialing.next(answer)
    if (!next || next instanceof Error) {
      this.#fail({ ...end, error: next ?? answer })
      return
    }
    this.#transport = undefined
    // The next request can depend on these cookies.
    if (kept) void kept.then(() => this.#prepare(next))
    else this.#prepare(next)
  }

  #fail(end: TransportEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    const error = chooseError(end.error, this.#failure)
    this.#gone.abort(error ?? new ConnectionLostError('Connection attempt canceled', end.code, end.reason))
    this.#listener.onAttemptFailed(this, { ...end, error })
  }
}

/** Returns the end of an attempt that never opened a socket. */
function endWith(error: Error | undefined): TransportEnd {
  return { code: CloseCode.ABNORMAL, reason: '', error }
}

function unusable(url: string, thrown: Error): Error {
  if (thrown instanceof HoldfastError) return thrown
  if (thrown instanceof SyntaxError)
    return new InvalidUrlError(`Cannot connect to ${redactUrl(url)}: ${thrown.message}`, { cause: thrown })
  return new ConnectFailedError(redactUrl(url), thrown)
}

/** Returns true if the error is a response from the server. The redirects and cookies of a proxy must be ignored. */
function isServersAnswer(error: Error | undefined): error is HandshakeError {
  return error instanceof HandshakeError && error.proxy === undefined
}
