import { frameChannel } from '../diagnostics/channels.js'
import { publishCloseFrame } from '../diagnostics/frames.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { CloseCode } from './close-code.js'
import { ConnectFailedError } from '../errors/connection-errors.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import type { Transport, TransportEnd } from '../transports/transport.js'

/** End of a link. */
export interface LinkEnd extends TransportEnd {
  /** Reason why an attempt failed, or why an open link was abandoned or lost. */
  readonly error?: Error | undefined
}

/** Returns the more informative error: the server's response if there is one, otherwise the deadline that ended the attempt. */
export function chooseError(reported: Error | undefined, given: Error | undefined): Error | undefined {
  const isAnswer = reported instanceof HoldfastError && !(reported instanceof ConnectFailedError)
  return isAnswer ? reported : (given ?? reported)
}

/** End to report for a link whose actual end is no longer awaited. */
const NO_WORD: LinkEnd = { code: CloseCode.ABNORMAL, reason: '' }

/** Ends one link from this side, with a closing handshake or by terminating the socket. */
export class LinkClosing {
  readonly #transport: Transport
  readonly #source: DiagnosticSource
  #failure: Error | undefined
  #sentCode: number | undefined
  #isLocal = false
  #end: LinkEnd | undefined

  /** @param source the link, for diagnostics */
  constructor(transport: Transport, source: DiagnosticSource) {
    this.#transport = transport
    this.#source = source
  }

  /** Close code that this side sent, if it was the first to close. */
  get sentCode(): number | undefined {
    return this.#sentCode
  }

  /** True if this side started the closing handshake or terminated the socket. */
  get isLocal(): boolean {
    return this.#isLocal
  }

  get end(): LinkEnd {
    return this.#end ?? { ...NO_WORD, error: this.#failure }
  }

  /** Starts the closing handshake. */
  close(code: number, reason: string): void {
    if (this.#transport.isOpen) {
      this.#isLocal = true
      this.#sentCode = code
      if (frameChannel.hasSubscribers) publishCloseFrame(this.#source, 'transmit', code, reason)
    }
    this.#transport.close(code, reason)
  }

  /**
   * Terminates the socket. The transport reports the end afterward.
   *
   * @param error the reason, if it should be reported
   */
  terminate(error?: Error): void {
    this.#failure ??= error
    this.#isLocal ||= this.#transport.isOpen
    this.#transport.terminate()
  }

  /** Records the end of the socket, and returns the end to report. */
  onEnd(end: TransportEnd): LinkEnd {
    this.#sentCode ??= end.sentCode
    this.#end = { ...end, error: chooseError(end.error, this.#failure) }
    return this.#end
  }
}
