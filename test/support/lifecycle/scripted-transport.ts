import type { Transport, TransportEnd, TransportListener } from 'holdfast'
import type { OpenTransportListener } from '#src/transports/transport.js'

/** Receives what is done to a transport, while it is done. */
export interface TransportPort {
  inside(line: string): void
}

/** The message of `end()`, as it arrives. */
export const LAST_WORDS = 'the last words'

/** A socket that does nothing by itself: a test says when it opens and ends. */
export class ScriptedTransport implements Transport {
  readonly bufferedAmount = 0
  readonly bytesRead = 0
  readonly protocol = ''
  isOpen = false
  hasOpened = false
  isEnded = false
  isTerminated = false
  /** Texts that were sent. */
  readonly sent: string[] = []
  readonly #link: number
  #listener: OpenTransportListener & Partial<TransportListener>
  /** The end that has come while the listener was told of the opening: nothing is told before that has returned. */
  #early: TransportEnd | undefined
  #isOpening = false
  readonly #port: TransportPort

  constructor(link: number, listener: TransportListener, port: TransportPort) {
    this.#link = link
    this.#listener = listener
    this.#port = port
  }

  open(): void {
    this.isOpen = true
    this.hasOpened = true
    this.#isOpening = true
    this.#listener = this.#listener.onOpen?.({ protocol: '', headers: {} }) ?? this.#listener
    this.#isOpening = false
    if (this.#early) this.#listener.onClose(this.#early)
  }

  /** Ends, and says so. */
  end(end: TransportEnd): void {
    if (this.isEnded) throw new Error(`link ${this.#link} ends twice`)
    this.isOpen = false
    this.isEnded = true
    if (this.#isOpening) this.#early = end
    else this.#listener.onClose(end)
  }

  send(data: string | Uint8Array, flushed?: () => void): void {
    if (!this.isOpen) throw new Error(`link ${this.#link} is not open, and sends`)
    this.sent.push(String(data))
    flushed?.()
    if (String(data).includes(LAST_WORDS)) this.#port.inside(`lastWords ${this.#link}`)
  }

  ping(_data: Uint8Array, flushed?: () => void): void {
    flushed?.()
  }

  pong(): void {
    // Nobody pings.
  }

  close(): void {
    this.isOpen = false
    this.#port.inside(`closeFrame ${this.#link}`)
  }

  terminate(): void {
    this.isOpen = false
    this.isTerminated = true
    if (this.hasOpened) this.#port.inside(`terminate ${this.#link}`)
  }

  pause(): void {
    // Nothing is read.
  }

  resume(): void {
    // Nothing is read.
  }
}
