import type { Codec } from '../codecs/codec.js'
import { publishMessage } from '../core/diagnostics.js'
import { DecodeError } from '../errors/message-errors.js'
import { describeValue } from '../core/describe-value.js'

/** One thing that arrived on a link, counted, decoded, and on its way to a handler. */
export interface InboundMessage {
  /** What it is: a decoded message, a binary frame that is no message, or a frame that could not be decoded. */
  readonly kind: 'message' | 'binary' | 'undecodable'
  /** The message, the bytes, or the error. */
  readonly value: unknown
  readonly raw: string | Uint8Array
  /** Monotonic time, in whole milliseconds. */
  readonly receivedAt: number
  /** What it counts for under back-pressure. */
  readonly size: number
}

/** For whom a frame arrives. */
export interface InboundTarget {
  /** False once the link has been given up: what it still brings is nobody's. */
  readonly isLive: boolean
  /** False once no handler is to be started any more. */
  readonly acceptsMessages: boolean
  /** Tells whether a message is the answer to a heartbeat, which nobody else is to see. */
  isHeartbeatReply(message: unknown): boolean
  /** The handlers' side. */
  readonly handlers: { receive(message: InboundMessage): void }
}

/** Those who wait for messages, and take them before any handler sees them. */
export interface Interceptors {
  intercept(message: unknown): boolean
  /** Shows what nobody took to those who only look on. */
  publish(message: unknown): void
}

/** The way of a frame that has been counted as life: decoded and unpacked once, then beat replies, then those who wait, then the handlers. */
export class InboundPipeline {
  readonly #id: string
  readonly #codec: Codec
  readonly #interceptors: Interceptors
  readonly #unpack: Unpack | undefined
  #intercepts: boolean
  #lastMessage: unknown

  /** @param isShared true where somebody else than the handlers may be meant from the beginning */
  constructor(id: string, codec: Codec, takers: Interceptors, isShared: boolean, unpack?: Unpack) {
    this.#id = id
    this.#codec = codec
    this.#interceptors = takers
    this.#intercepts = isShared
    this.#unpack = unpack
  }

  /** The last message that could be decoded. */
  get lastMessage(): unknown {
    return this.#lastMessage
  }

  /** From now on somebody else than the handlers may be meant, or look on. */
  enableInterception(): void {
    this.#intercepts = true
  }

  /** Takes a frame. */
  receive(receiver: InboundTarget, raw: string | Uint8Array, receivedAt: number): void {
    if (!receiver.isLive) return
    const message = this.#decode(raw, receivedAt)
    if (this.#unpack && message.kind === 'message') this.#deliverEach(receiver, message, this.#unpack)
    else this.#deliver(receiver, message)
  }

  /** Hands on the messages of a frame as if each had come by itself; the first that is for a handler counts for the frame's size. */
  #deliverEach(receiver: InboundTarget, frame: InboundMessage, unpack: Unpack): void {
    let { size } = frame
    try {
      for (const value of messagesOf(frame.value, unpack)) {
        if (!receiver.isLive) return
        if (this.#deliver(receiver, { ...frame, value, size })) size = 0
      }
    } catch (thrown) {
      if (receiver.isLive) this.#deliver(receiver, undecodable({ ...frame, size }, thrown))
    }
  }

  /** Returns whether it was for a handler. */
  #deliver(receiver: InboundTarget, message: InboundMessage): boolean {
    const { kind, value } = message
    const isMessage = kind === 'message'
    if (isMessage) {
      this.#lastMessage = value
      publishMessage(this.#id, value)
    }
    const isShared = isMessage && this.#intercepts
    if (isShared && (receiver.isHeartbeatReply(value) || this.#interceptors.intercept(value))) return false
    if (!receiver.acceptsMessages) return false
    if (isShared) this.#interceptors.publish(value)
    receiver.handlers.receive(message)
    return true
  }

  #decode(raw: string | Uint8Array, receivedAt: number): InboundMessage {
    const size = raw.length
    const isBinary = typeof raw !== 'string'
    if (isBinary && !this.#codec.isBinary) return { kind: 'binary', value: raw, raw, receivedAt, size }
    try {
      const value = this.#codec.decode(raw, isBinary)
      return { kind: 'message', value, raw, receivedAt, size: this.#codec.decodedBytes ?? size }
    } catch (thrown) {
      return undecodable({ raw, receivedAt, size }, thrown)
    }
  }
}

function undecodable(
  { raw, receivedAt, size }: Omit<InboundMessage, 'kind' | 'value'>,
  thrown: unknown,
): InboundMessage {
  return { kind: 'undecodable', value: new DecodeError(raw, thrown), raw, receivedAt, size }
}

/** Finds the messages in a decoded frame. */
export type Unpack = (decoded: unknown) => Iterable<unknown>

/** So many messages may be in one frame: an iterable without an end must not fill the memory. */
const MAX_MESSAGES = 65_536

/**
 * Iterates over the messages of a decoded frame, one by one.
 *
 * @throws whatever `unpack` or its iterable throws; TypeError where it is none; RangeError past 65,536 messages
 */
export function* messagesOf(decoded: unknown, unpack: Unpack): Generator<unknown, void> {
  const messages: unknown = unpack(decoded)
  if (!isIterable(messages)) {
    const what = describeValue(messages)
    throw new TypeError(`unpack returned ${what}: return the frame's messages in an array, or [decoded]`)
  }
  let count = 0
  for (const message of messages) {
    count += 1
    if (count > MAX_MESSAGES) throw new RangeError(`unpack gave more than ${MAX_MESSAGES} messages`)
    yield message
  }
}

/** A string is iterable, letter by letter: nobody can have meant that. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
