import type { Codec } from '../codecs/codec.js'
import { jsonCodec } from '../codecs/json.js'
import { messageChannel } from '../diagnostics/channels.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { DecodeError } from '../errors/message-errors.js'
import { describeValue } from '../core/describe-value.js'
import { syncAnswer } from '../core/thenable.js'
import { keyInText } from './key-in-text.js'
import { UnwantedTexts } from './unwanted-texts.js'

/** An inbound message or frame that has been counted and decoded, and is waiting for a handler. */
export interface InboundMessage {
  /** A decoded message, a binary frame that the codec does not decode, or a frame that could not be decoded. */
  readonly kind: 'message' | 'binary' | 'undecodable'
  /** The message, the bytes, or the error. */
  readonly value: unknown
  readonly raw: string | Uint8Array
  /** Monotonic time, in whole milliseconds. */
  readonly receivedAt: number
  /** Size in bytes or characters, for back-pressure. */
  readonly size: number
  /** Handlers that receive it. */
  readonly handlers: InboundHandlers
}

/** A link's message handlers. No method throws. */
export interface InboundHandlers {
  /** Queues a message. */
  receive(message: InboundMessage): void
  /** Handles the next message. */
  run(message: InboundMessage): void
  /** Called when a newer message replaces this one. */
  onConflated(message: InboundMessage): void
  /** Reports that the `concurrency.key` function failed for this message, then handles the message. */
  onKeyError(error: Error, message: InboundMessage): void
}

/** Returns the acknowledgment to send for a message that has just arrived; `undefined` sends nothing. */
export type AckOnArrival = (message: unknown) => unknown

/** A link's message handlers. They also know which keys have no handler. */
export interface SelectiveHandlers extends InboundHandlers {
  /** Returns true if messages with this key are unhandled and this has already been logged. */
  isUnwanted(found: unknown): boolean
}

/** The link that a frame arrived on. */
export interface InboundTarget extends DiagnosticSource {
  /** False once the link is abandoned. Anything that still arrives is dropped. */
  readonly isLive: boolean
  /** False once no more handler calls may start. */
  readonly acceptsMessages: boolean
  readonly handlers: SelectiveHandlers
  readonly link: { readonly codec: Codec }
  /**
   * Offers a message to this link's requests, waiters and subscriptions. Returns whether one of them consumed the message. Handlers do not
   * receive consumed messages.
   */
  intercept(message: unknown): boolean
  /** Returns whether interceptors or observers may want the message between the positions `from` and `to`. */
  mayWant(text: string, from: number, to: number): boolean
}

/** Observers, such as `messages()` iterators. They receive every message that no interceptor consumed. */
export interface Onlookers {
  publish(message: unknown): void
  count(miss: 'unhandled'): void
}

/**
 * Processes inbound frames. Each frame is decoded and unpacked once. Its messages are then offered to interceptors, observers and handlers,
 * in that order.
 */
export class InboundPipeline {
  /** `undefined` if each link has its own codec. */
  readonly #codec: Codec | undefined
  readonly #onlookers: Onlookers
  readonly #unpack: Unpack | undefined
  #intercepts: boolean
  /** The last decoded message or, if the last message was skipped, an object whose `message` property parses it. */
  lastMessage: unknown
  /** Set after the first message that was parsed but had no handler. */
  #unwanted: UnwantedTexts | undefined

  /** @param isShared true if messages are offered to interceptors and observers from the start */
  constructor(codec: Codec | undefined, takers: Onlookers, isShared: boolean, unpack?: Unpack) {
    this.#codec = codec
    this.#onlookers = takers
    this.#intercepts = isShared
    this.#unpack = unpack
  }

  /** Offers messages to interceptors and observers from now on. */
  enableInterception(): void {
    this.#intercepts = true
  }

  /**
   * Called when a message had no handler. If its key is near the start of its text, similar messages do not have to be parsed.
   *
   * @param property name of the property that contains the key
   */
  onUnhandled(raw: string | Uint8Array, property: string): void {
    if (typeof raw !== 'string' || !keyInText(raw, property)) return
    if (this.#unwanted) this.#unwanted.restart()
    else this.#unwanted = new UnwantedTexts(property)
  }

  /** First bytes of the text messages that can be skipped; `undefined` if no message can be skipped. */
  get skippedHead(): Uint8Array | undefined {
    return this.#unwanted?.head
  }

  /**
   * Skips a message that starts with `skippedHead`. The head ends where the key starts. Returns false if the message may be wanted, and
   * must be received.
   */
  skip(receiver: InboundTarget, text: string, from: number, keyEnd: number, to: number): boolean {
    const unwanted = this.#unwanted
    return (
      unwanted !== undefined &&
      this.#skipOf(unwanted, receiver, unwanted.keyAt(text, from, keyEnd), text, from, to)
    )
  }

  #skipText(unwanted: UnwantedTexts, receiver: InboundTarget, text: string): boolean {
    const key = unwanted.look(text)
    if (!key || !this.#skipOf(unwanted, receiver, key.value, text, 0, text.length)) return false
    unwanted.learn(text, key)
    return true
  }

  #skipOf(
    unwanted: UnwantedTexts,
    receiver: InboundTarget,
    key: unknown,
    text: string,
    from: number,
    to: number,
  ): boolean {
    if (!receiver.isLive || !receiver.handlers.isUnwanted(key) || receiver.mayWant(text, from, to))
      return false
    unwanted.onSkipped(text, from, to)
    this.lastMessage = unwanted
    this.#onlookers.count('unhandled')
    return true
  }

  /** Receives a frame. */
  receive(receiver: InboundTarget, raw: string | Uint8Array, receivedAt: number): void {
    if (!receiver.isLive) return
    if (this.#unwanted && typeof raw === 'string' && this.#skipText(this.#unwanted, receiver, raw)) return
    const message = this.#decode(receiver, raw, receivedAt)
    if (this.#unpack && message.kind === 'message') this.#deliverEach(receiver, message, this.#unpack)
    else this.#deliver(receiver, message)
  }

  /**
   * Delivers each message in a frame as if it had arrived in its own frame. The size of the whole frame is assigned to the first message
   * that reaches the handlers.
   */
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

  /** Delivers a message, and returns whether it reached the handlers. */
  #deliver(receiver: InboundTarget, message: InboundMessage): boolean {
    const { kind, value } = message
    const isMessage = kind === 'message'
    if (isMessage) {
      this.lastMessage = value
      if (messageChannel.hasSubscribers) messageChannel.publish({ ...receiver.facts, message: value })
    }
    const isShared = isMessage && this.#intercepts
    if (isShared && receiver.intercept(value)) return false
    if (!receiver.acceptsMessages) return false
    if (isShared) this.#onlookers.publish(value)
    receiver.handlers.receive(message)
    return true
  }

  #decode(receiver: InboundTarget, raw: string | Uint8Array, receivedAt: number): InboundMessage {
    const { handlers } = receiver
    const codec = this.#codec ?? receiver.link.codec
    const size = raw.length
    const isBinary = typeof raw !== 'string'
    if (isBinary && !codec.isBinary) return { kind: 'binary', value: raw, raw, receivedAt, size, handlers }
    try {
      const decoded = codec.decode(raw, isBinary)
      // Parsed JSON contains no functions, so it cannot be a promise.
      const value = codec === jsonCodec ? decoded : syncAnswer(decoded, 'codec.decode')
      return { kind: 'message', value, raw, receivedAt, size: codec.decodedBytes ?? size, handlers }
    } catch (thrown) {
      return undecodable({ raw, receivedAt, size, handlers }, thrown)
    }
  }
}

function undecodable(
  { raw, receivedAt, size, handlers }: Omit<InboundMessage, 'kind' | 'value'>,
  thrown: unknown,
): InboundMessage {
  return { kind: 'undecodable', value: new DecodeError(raw, thrown), raw, receivedAt, size, handlers }
}

/** Returns the messages in a decoded frame. */
export type Unpack = (decoded: unknown) => Iterable<unknown>

/** Maximum number of messages in one frame. It prevents an endless iterable from exhausting memory. */
const MAX_MESSAGES = 65_536

/**
 * Iterates over the messages in a decoded frame.
 *
 * @throws whatever `unpack` or its iterable throws, TypeError if `unpack` does not return an iterable, or RangeError after 65,536 messages
 */
export function* messagesOf(decoded: unknown, unpack: Unpack): Generator<unknown, void> {
  const messages: unknown = syncAnswer(unpack(decoded), 'unpack')
  if (!isIterable(messages)) {
    throw new TypeError(
      `unpack must return an iterable of messages, received ${describeValue(messages)}. Return [decoded] for a single message`,
    )
  }
  let count = 0
  for (const message of messages) {
    count += 1
    if (count > MAX_MESSAGES)
      throw new RangeError(`unpack returned more than ${MAX_MESSAGES} messages for one frame`)
    yield message
  }
}

/** Returns false for strings. They are iterable, but iterating over characters is never intended. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
