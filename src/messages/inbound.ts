import type { Codec } from '../codecs/codec.js'
import { jsonCodec } from '../codecs/json.js'
import { messageChannel, publishMessage } from '../core/diagnostics.js'
import { DecodeError } from '../errors/message-errors.js'
import { describeValue } from '../core/describe-value.js'
import { syncAnswer } from '../core/thenable.js'
import { keyInText } from './key-in-text.js'
import { UnwantedTexts } from './unwanted-texts.js'

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
  /** Whose it is. */
  readonly handlers: InboundHandlers
}

/** The handlers' side of a link. No method throws. */
export interface InboundHandlers {
  /** Takes a message, which waits for its turn. */
  receive(message: InboundMessage): void
  /** Handles a message whose turn it is. */
  run(message: InboundMessage): void
  /** A newer message has taken the place of this one. */
  onConflated(message: InboundMessage): void
  /** Reports that the function that finds the key for `concurrency` has failed with this message, and then handles the message. */
  onKeyError(error: Error, message: InboundMessage): void
}

/** Makes the acknowledgement of a message that has just arrived; `undefined` for none. */
export type AckOnArrival = (message: unknown) => unknown

/** The handlers of a link, for a message that may be for none of them. */
export interface SelectiveHandlers extends InboundHandlers {
  /** Tells whether no handler takes messages in which the route finds this, and that has been said. */
  isUnwanted(found: unknown): boolean
}

/** The link that a frame arrives on. */
export interface InboundTarget {
  /** False once the link has been given up: what it still brings is nobody's. */
  readonly isLive: boolean
  /** False once no handler is to be started any more. */
  readonly acceptsMessages: boolean
  readonly handlers: SelectiveHandlers
  readonly link: { readonly codec: Codec }
  /** Offers a message to those who wait for it on this link. Returns whether somebody took it: no handler sees it then. */
  intercept(message: unknown): boolean
  /** Tells whether somebody beside the handlers may want the message that stands there: those who intercept, and those who look on. */
  mayWant(text: string, from: number, to: number): boolean
}

/** Those who look on: they see what nobody took. */
export interface Onlookers {
  publish(message: unknown): void
  count(miss: 'unhandled'): void
}

/** The way of a frame: decoded and unpacked once, then those who wait, then those who look on, then the handlers. */
export class InboundPipeline {
  readonly #id: string
  /** `undefined` if each link has its own. */
  readonly #codec: Codec | undefined
  readonly #onlookers: Onlookers
  readonly #unpack: Unpack | undefined
  #intercepts: boolean
  /** The last message that could be decoded, or what has it as `message` where it was not parsed. */
  lastMessage: unknown
  /** From the first message on that was parsed and need not have been. */
  #unwanted: UnwantedTexts | undefined

  /** @param isShared true where somebody else than the handlers may be meant from the beginning */
  constructor(id: string, codec: Codec | undefined, takers: Onlookers, isShared: boolean, unpack?: Unpack) {
    this.#id = id
    this.#codec = codec
    this.#onlookers = takers
    this.#intercepts = isShared
    this.#unpack = unpack
  }

  /** From now on somebody else than the handlers may be meant, or look on. */
  enableInterception(): void {
    this.#intercepts = true
  }

  /**
   * There was no handler for a message. If its key is in the beginning of its text, the next ones like it need not be parsed.
   *
   * @param property the one that has the key
   */
  onUnhandled(raw: string | Uint8Array, property: string): void {
    if (typeof raw !== 'string' || !keyInText(raw, property)) return
    if (this.#unwanted) this.#unwanted.restart()
    else this.#unwanted = new UnwantedTexts(property)
  }

  /** How texts begin that may be skipped, if any may. */
  get skippedHead(): Uint8Array | undefined {
    return this.#unwanted?.head
  }

  /** Skips a message whose beginning, up to its key, is `skippedHead`. Returns false where somebody may want it: then it is to be received. */
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

  /** Takes a frame. */
  receive(receiver: InboundTarget, raw: string | Uint8Array, receivedAt: number): void {
    if (!receiver.isLive) return
    if (this.#unwanted && typeof raw === 'string' && this.#skipText(this.#unwanted, receiver, raw)) return
    const message = this.#decode(receiver, raw, receivedAt)
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
      this.lastMessage = value
      if (messageChannel.hasSubscribers) publishMessage(this.#id, value)
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
      // JSON has no functions, so its values are not promises.
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

/** A string is iterable, letter by letter: nobody can have meant that. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
