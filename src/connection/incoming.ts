import type { Codec } from '../codec.js'
import { publishMessage } from '../diagnostics.js'
import { DecodeError } from '../errors.js'
import type { Arrival } from './listener.js'

/** For whom a frame arrives. */
export interface Receiver {
  /** Tells whether a message is the answer to a heartbeat, which nobody else is to see. */
  isBeatReply(message: unknown): boolean
  /** Hands on what is for the handlers. */
  receive(arrival: Arrival): void
}

/** Those who wait for messages, and take them before any handler sees them. */
export interface Takers {
  take(message: unknown): boolean
  /** Shows what nobody took to those who only look on. */
  show(message: unknown): void
}

/** The way of a frame that has been counted as life: decoded once, then beat replies, then those who wait, then the handlers. */
export class Incoming {
  readonly #id: string
  readonly #codec: Codec
  readonly #takers: Takers
  #lastMessage: unknown

  constructor(id: string, codec: Codec, takers: Takers) {
    this.#id = id
    this.#codec = codec
    this.#takers = takers
  }

  /** The last message that could be decoded. */
  get lastMessage(): unknown {
    return this.#lastMessage
  }

  /** Takes a frame; `isTaking` is false once no handler is to be started any more. */
  receive(receiver: Receiver, raw: string | Uint8Array, receivedAt: number, isTaking: boolean): void {
    const arrival = this.#decode(raw, receivedAt)
    if (arrival.kind === 'message') {
      this.#lastMessage = arrival.value
      publishMessage(this.#id, arrival.value)
      if (receiver.isBeatReply(arrival.value) || this.#takers.take(arrival.value)) return
    }
    if (!isTaking) return
    if (arrival.kind === 'message') this.#takers.show(arrival.value)
    receiver.receive(arrival)
  }

  #decode(raw: string | Uint8Array, receivedAt: number): Arrival {
    const size = raw.length
    const isBinary = typeof raw !== 'string'
    if (isBinary && !this.#codec.isBinary) return { kind: 'binary', value: raw, raw, receivedAt, size }
    try {
      return { kind: 'message', value: this.#codec.decode(raw, isBinary), raw, receivedAt, size }
    } catch (thrown) {
      return { kind: 'undecodable', value: new DecodeError(raw, thrown), raw, receivedAt, size }
    }
  }
}
