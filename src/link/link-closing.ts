import type { Clock, Timer } from '../core/clock.js'
import { ConnectFailedError } from '../errors/connection-errors.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import type { Transport, TransportEnd } from '../transports/transport.js'

/** How a link ended. */
export interface LinkEnd extends TransportEnd {
  /** Why an attempt failed, or why an open link was given up or lost. */
  readonly error?: Error
}

/** Returns the better reason: what a server did answer is one, before the deadline that cut its answer short. */
export function chooseError(reported: Error | undefined, given: Error | undefined): Error | undefined {
  const isAnswer = reported instanceof HoldfastError && !(reported instanceof ConnectFailedError)
  return isAnswer ? reported : (given ?? reported)
}

/** How this side ends one link: the closing handshake and its timeout, or the termination of the socket. */
export class LinkClosing {
  readonly #transport: Transport
  readonly #clock: Clock
  #timer: Timer | undefined
  #failure: Error | undefined
  #sentCode: number | undefined
  #isLocal = false
  #isOver = false

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport
    this.#clock = clock
  }

  /** The close code that this side sent first, if it did. */
  get sentCode(): number | undefined {
    return this.#sentCode
  }

  /** True if this side began to close, or terminated the socket. */
  get isLocal(): boolean {
    return this.#isLocal
  }

  /** Starts the closing handshake; after `timeout` milliseconds the socket is terminated. */
  close(code: number, reason: string, timeout: number): void {
    if (this.#isOver) return
    if (this.#transport.isOpen) {
      this.#isLocal = true
      this.#sentCode = code
    }
    this.#transport.close(code, reason)
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimeout(() => this.terminate(), timeout)
  }

  /** Terminates the socket, for this reason. */
  giveUp(error: Error): void {
    this.#failure ??= error
    this.terminate()
  }

  /** Terminates the socket. The transport reports its end. */
  terminate(): void {
    this.#isLocal ||= this.#transport.isOpen
    this.#transport.terminate()
  }

  /** Notes the end of the socket, and returns what is to be told of it. */
  onEnd(end: TransportEnd): LinkEnd {
    this.#isOver = true
    this.#timer?.cancel()
    this.#sentCode ??= end.sentCode
    return { ...end, error: chooseError(end.error, this.#failure) }
  }
}
