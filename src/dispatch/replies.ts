import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import type { Handler } from '../annotations/handler-table.js'
import type { Codec } from '../codecs/codec.js'
import { describeValue } from '../core/describe-value.js'
import { encodeWith } from '../codecs/codec.js'
import type { LinkPort } from '../link/link-port.js'
import { RESOLVED } from '../core/deferred.js'
import type { Stage } from '../errors/stage.js'
import { ConnectionLostError } from '../errors/connection-errors.js'
import { EncodeError } from '../errors/message-errors.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import { toError } from '../core/error-text.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { Invoker } from './invoker.js'
import { isThenable } from '../core/thenable.js'
import { RunningHandler } from './queues/slots.js'
import type { MessageCounter } from './queues/slots.js'

/** Receives what becomes of messages, and the errors of handlers and of what happens to a message before. Never throws or rejects. */
export interface HandlerPort extends MessageCounter {
  fail(
    error: Error,
    stage: Stage,
    handler?: Handler,
    event?: unknown,
    consequence?: string,
  ): void | Promise<void>
}

/** The parts of a dispatcher that replies use. */
export interface RepliesDispatch {
  readonly invoker: Invoker
  /** Learns that an object was sent that a handler for all the rest has returned. */
  onCatchAllReply(handler: Handler): void
}

/** Sends what handlers return, over the link that the message came in on. */
export class Replies {
  readonly #dispatch: RepliesDispatch
  readonly #link: LinkPort
  readonly #port: HandlerPort

  constructor(dispatch: RepliesDispatch, link: LinkPort, port: HandlerPort) {
    this.#dispatch = dispatch
    this.#link = link
    this.#port = port
  }

  /**
   * Sends what the handler that has just been called for a message has returned, once it is there. Never throws.
   *
   * perf: one callback for all that follows a handler's promise, without a promise of our own.
   *
   * @param earlier what has run so far of this message, such as a schema that took time
   * @returns what takes time; `undefined` where there is nothing to wait for
   */
  settle(
    result: unknown,
    handler: Handler,
    message: InboundMessage,
    event: unknown,
    earlier?: RunningHandler,
  ): RunningHandler | undefined {
    if (!isThenable(result)) {
      const sent = this.reply(result, handler, event)
      if (!sent) return undefined
      const running = earlier ?? new RunningHandler(message, handler.name, this.#port)
      running.settleAfter(sent)
      return running
    }
    const isReleased = this.#dispatch.invoker.closedDuringCall
    const running = earlier ?? new RunningHandler(message, handler.name, this.#port)
    void Promise.resolve(result).then(
      (value) => running.settleAfter(this.reply(value, handler, event)),
      (thrown: unknown) => running.settleAfter(this.#port.fail(toError(thrown), 'handle', handler, event)),
    )
    return isReleased ? undefined : running
  }

  /** Sends what a handler returned; a stream goes on by itself, under flow control. */
  reply(value: unknown, handler: Handler, event: unknown): void | Promise<void> {
    if (isAsyncIterable(value)) void this.#stream(value, handler, event, 'handle')
    else return this.#send(value, handler, event)
  }

  /**
   * Sends the last that a handler returned, a stream to its end.
   *
   * @param stage where it is that a stream fails
   */
  replyInFull(value: unknown, handler: Handler, event: unknown, stage: Stage): void | Promise<void> {
    if (isAsyncIterable(value)) return this.#stream(value, handler, event, stage)
    return this.#send(value, handler, event)
  }

  #send(value: unknown, handler: Handler, event: unknown): void | Promise<void> {
    if (value === undefined || value === null) return undefined
    let data: string | Uint8Array
    try {
      data = bytesOf(value) ?? this.#encode(value, handler)
    } catch (thrown) {
      return this.#port.fail(toError(thrown), 'encode', handler, event)
    }
    try {
      const flow = this.#link.send(data)
      return flow === RESOLVED ? undefined : flow
    } catch (thrown) {
      return this.#drop(value, toError(thrown), handler, event)
    }
  }

  #encode(value: unknown, handler: Handler): string | Uint8Array {
    const data = encodeReply(this.#link.codec, value, handler)
    if (handler.isCatchAll && typeof value === 'object') this.#dispatch.onCatchAllReply(handler)
    return data
  }

  /** Reports a reply that could not be sent, and counts it where the reason is that its link is gone. */
  #drop(value: unknown, error: Error, handler: Handler, event: unknown): void | Promise<void> {
    if (!(error instanceof ConnectionLostError)) return this.#port.fail(error, 'send', handler, event)
    this.#link.count('dropped')
    const dropped = new MessageDroppedError('gone', [value], { cause: error })
    return this.#port.fail(dropped, 'send', handler, event)
  }

  async #stream(
    items: AsyncIterable<unknown>,
    handler: Handler,
    event: unknown,
    stage: Stage,
  ): Promise<void> {
    const { signal, refusal } = this.#link
    const fail = (thrown: unknown): void | Promise<void> =>
      this.#port.fail(toError(thrown), stage, handler, event)
    try {
      const iterator = items[Symbol.asyncIterator]()
      let isClosed = false
      const close = (): void => {
        if (!isClosed) void closeIterator(iterator).catch(fail)
        isClosed = true
      }
      if (refusal) {
        close()
        await this.#drop(items, refusal, handler, event)
        return
      }
      // An iterator that waits for something would otherwise wait on for a link that is gone.
      addAbortCallback(signal, close)
      try {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
          await this.reply(next.value, handler, event)
          // Not the signal: until the socket has closed, an endless stream would be reported item by item, without a pause.
          if (this.#link.refusal) {
            close()
            return
          }
        }
      } finally {
        removeAbortCallback(signal, close)
      }
    } catch (thrown) {
      await fail(thrown)
    }
  }
}

/** Lets return values be: the option `replies` is `false`. */
export class NoReplies extends Replies {
  override reply(): undefined {
    return undefined
  }

  override replyInFull(): undefined {
    return undefined
  }
}

async function closeIterator(iterator: AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.()
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Returns the bytes of what is sent as it is. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

/** Encodes a reply, unless it is of a kind that can only have been returned by accident. */
function encodeReply(codec: Codec, value: unknown, handler: Handler): string | Uint8Array {
  if (isMeant(value)) return encodeWith(codec, value)
  throw new EncodeError(
    `${handler.name} returned ${describeValue(value)}, which cannot be sent. ${fixFor(value)}`,
    value instanceof Error ? { cause: value } : undefined,
  )
}

function fixFor(value: unknown): string {
  if (kindOf(value) === '[object Response]') return 'Return its content: await response.json()'
  return isError(value) ? 'Throw it' : 'Return a message, an async iterable of messages, or nothing'
}

function isMeant(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'string'
  // perf: most replies are plain objects, and of no kind: saves a look at four kinds per reply.
  const isPlain = Object.getPrototypeOf(value) === Object.prototype
  return !isIterator(value) && (isPlain || !isOfAccidentalKind(value))
}

/** Kinds for which JSON has nothing but `{}`, by their tags: those of another realm, such as the errors of Node under Jest, count, too. */
const ACCIDENTAL_KINDS: ReadonlySet<string> = new Set(['[object Map]', '[object Set]', '[object Response]'])

function isOfAccidentalKind(value: object): boolean {
  return isError(value) || ACCIDENTAL_KINDS.has(kindOf(value))
}

function isError(value: unknown): boolean {
  return value instanceof Error || kindOf(value) === '[object Error]'
}

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

/** Tells a generator that is not async, and the like: nobody would ask for their items, and JSON has nothing but `{}` for them. */
function isIterator(value: object): boolean {
  return typeof (value as { next?: unknown }).next === 'function' && Symbol.iterator in value
}
