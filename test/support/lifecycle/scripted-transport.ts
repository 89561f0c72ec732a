import type { Transport, TransportEnd, TransportListener } from 'holdfast'
import type { OpenTransportListener } from '#src/transports/transport.js'

/** Receives the calls of a transport as they happen. */
export interface TransportPort {
  inside(line: string): void
}

/** The message of `end()`. */
export const LAST_WORDS = 'the last words'

/** A socket that a test opens and ends. */
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
  /** An end that arrived inside `onOpen`. It is reported once `onOpen` has returned. */
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

  /** Ends the socket, and reports it. */
  end(end: TransportEnd): void {
    if (this.isEnded) throw new Error(`link ${this.#link} ended twice`)
    this.isOpen = false
    this.isEnded = true
    if (this.#isOpening) this.#early = end
    else this.#listener.onClose(end)
  }

  send(data: string | Uint8Array, flushed?: () => void): void {
    if (!this.isOpen) throw new Error(`link ${this.#link} sends although it is not open`)
    this.sent.push(String(data))
    flushed?.()
    if (String(data).includes(LAST_WORDS)) this.#port.inside(`lastWords ${this.#link}`)
  }

  ping(_data: Uint8Array, flushed?: () => void): void {
    flushed?.()
  }

  pong(): void {
    // The peer sends no pings.
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
    // No data arrives.
  }

  resume(): void {
    // No data arrives.
  }
}
