import { CloseCode } from './close-code.js'
import { ConnectFailedError } from '../errors/connection-errors.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import type { Transport, TransportEnd } from '../transports/transport.js'

/** How a link ended. */
export interface LinkEnd extends TransportEnd {
  /** Why an attempt failed, or why an open link was given up or lost. */
  readonly error?: Error | undefined
}

/** Returns the better reason: what a server did answer is one, before the deadline that cut its answer short. */
export function chooseError(reported: Error | undefined, given: Error | undefined): Error | undefined {
  const isAnswer = reported instanceof HoldfastError && !(reported instanceof ConnectFailedError)
  return isAnswer ? reported : (given ?? reported)
}

/** How a link has ended that nobody waits for any more. */
const NO_WORD: LinkEnd = { code: CloseCode.ABNORMAL, reason: '' }

/** How this side ends one link: the closing handshake, or the termination of the socket. */
export class LinkClosing {
  readonly #transport: Transport
  #failure: Error | undefined
  #sentCode: number | undefined
  #isLocal = false
  #end: LinkEnd | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** The close code that this side sent first, if it did. */
  get sentCode(): number | undefined {
    return this.#sentCode
  }

  /** True if this side began to close, or terminated the socket. */
  get isLocal(): boolean {
    return this.#isLocal
  }

  /** How the link has ended. */
  get end(): LinkEnd {
    return this.#end ?? { ...NO_WORD, error: this.#failure }
  }

  /** Starts the closing handshake. */
  close(code: number, reason: string): void {
    if (this.#transport.isOpen) {
      this.#isLocal = true
      this.#sentCode = code
    }
    this.#transport.close(code, reason)
  }

  /**
   * Terminates the socket. The transport reports its end.
   *
   * @param error why, if there is a reason to tell
   */
  terminate(error?: Error): void {
    this.#failure ??= error
    this.#isLocal ||= this.#transport.isOpen
    this.#transport.terminate()
  }

  /** Notes the end of the socket, and returns what is to be told of it. */
  onEnd(end: TransportEnd): LinkEnd {
    this.#sentCode ??= end.sentCode
    this.#end = { ...end, error: chooseError(end.error, this.#failure) }
    return this.#end
  }
}
