import type { Codec } from '../codecs/codec.js'
import { publishMessage } from '../core/diagnostics.js'
import { DecodeError } from '../errors/errors.js'
import { arrivalOf } from './inbound-message.js'
import type { Arrival } from './inbound-message.js'
import { messagesOf } from './unpacking.js'
import type { Unpack } from './unpacking.js'

/** For whom a frame arrives. */
export interface Receiver {
  /** False once the link has been given up: what it still brings is nobody's. */
  readonly isReceiving: boolean
  /** False once no handler is to be started any more. */
  readonly isTaking: boolean
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

/** The way of a frame that has been counted as life: decoded and unpacked once, then beat replies, then those who wait, then the handlers. */
export class Incoming {
  readonly #id: string
  readonly #codec: Codec
  readonly #takers: Takers
  readonly #unpack: Unpack | undefined
  #isShared: boolean
  #lastMessage: unknown

  /** @param isShared true where somebody else than the handlers may be meant from the beginning */
  constructor(id: string, codec: Codec, takers: Takers, isShared: boolean, unpack?: Unpack) {
    this.#id = id
    this.#codec = codec
    this.#takers = takers
    this.#isShared = isShared
    this.#unpack = unpack
  }

  /** The last message that could be decoded. */
  get lastMessage(): unknown {
    return this.#lastMessage
  }

  /** From now on somebody else than the handlers may be meant, or look on. */
  share(): void {
    this.#isShared = true
  }

  /** Takes a frame. */
  receive(receiver: Receiver, raw: string | Uint8Array, receivedAt: number): void {
    if (!receiver.isReceiving) return
    const arrival = this.#decode(raw, receivedAt)
    if (this.#unpack && arrival.kind === 'message') this.#handOnEach(receiver, arrival, this.#unpack)
    else this.#handOn(receiver, arrival)
  }

  /** Hands on the messages of a frame as if each had come by itself; the first that is for a handler counts for the frame's size. */
  #handOnEach(receiver: Receiver, frame: Arrival, unpack: Unpack): void {
    let { size } = frame
    try {
      for (const value of messagesOf(frame.value, unpack)) {
        if (!receiver.isReceiving) return
        if (this.#handOn(receiver, { ...frame, value, size })) size = 0
      }
    } catch (thrown) {
      if (receiver.isReceiving) this.#handOn(receiver, undecodable({ ...frame, size }, thrown))
    }
  }

  /** Returns whether it was for a handler. */
  #handOn(receiver: Receiver, arrival: Arrival): boolean {
    const { kind, value } = arrival
    const isMessage = kind === 'message'
    if (isMessage) {
      this.#lastMessage = value
      publishMessage(this.#id, value)
    }
    const isShared = isMessage && this.#isShared
    if (isShared && (receiver.isBeatReply(value) || this.#takers.take(value))) return false
    if (!receiver.isTaking) return false
    if (isShared) this.#takers.show(value)
    receiver.receive(arrival)
    return true
  }

  #decode(raw: string | Uint8Array, receivedAt: number): Arrival {
    const size = raw.length
    const isBinary = typeof raw !== 'string'
    if (isBinary && !this.#codec.isBinary) return arrivalOf('binary', raw, raw, receivedAt, size)
    try {
      const value = this.#codec.decode(raw, isBinary)
      return arrivalOf('message', value, raw, receivedAt, this.#codec.unfoldedBytes ?? size)
    } catch (thrown) {
      return undecodable({ raw, receivedAt, size }, thrown)
    }
  }
}

function undecodable({ raw, receivedAt, size }: Omit<Arrival, 'kind' | 'value'>, thrown: unknown): Arrival {
  return { kind: 'undecodable', value: new DecodeError(raw, thrown), raw, receivedAt, size }
}
