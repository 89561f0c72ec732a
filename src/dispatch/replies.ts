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

/** Receives handled messages, and errors from handlers and from the steps before them. Never throws or rejects. */
export interface HandlerPort extends MessageCounter {
  fail(
    error: Error,
    stage: Stage,
    handler?: Handler,
    event?: unknown,
    consequence?: string,
  ): void | Promise<void>
}

/** Parts of a dispatcher used for replies. */
export interface RepliesDispatch {
  readonly invoker: Invoker
  /** Called when a catch-all handler returned an object, which was sent. */
  onCatchAllReply(handler: Handler): void
}

/** Sends the return values of handlers on the link that the message arrived on. */
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
   * Sends the return value of the handler that was just called for a message, once it has resolved. Never throws.
   *
   * perf: one callback does everything that follows a handler's promise, without another promise.
   *
   * @param earlier earlier step in handling this message, such as an asynchronous schema
   * @returns the running handler; `undefined` if there is nothing to wait for
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

  /** Sends the return value of a handler. A stream is not waited for; it continues under flow control. */
  reply(value: unknown, handler: Handler, event: unknown): void | Promise<void> {
    if (isAsyncIterable(value)) void this.#stream(value, handler, event, 'handle')
    else return this.#send(value, handler, event)
  }

  /**
   * Sends the return value of a handler, and waits for the end of a stream.
   *
   * @param stage stage for errors in a stream
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

  /** Reports a reply that could not be sent, and counts it if its link is lost. */
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
      // Without this, an iterator could wait indefinitely after its link is lost.
      addAbortCallback(signal, close)
      try {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
          await this.reply(next.value, handler, event)
          // Not the signal, which aborts only once the socket has closed. Until then, every item of an endless stream would be reported as
          // dropped.
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

/** Ignores return values, for `replies: false`. */
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

/** Returns the bytes of a value that is sent unchanged. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

/** Encodes a reply. Throws if the value can only have been returned by accident. */
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
  // perf: most replies are plain objects, which saves four checks per reply.
  const isPlain = Object.getPrototypeOf(value) === Object.prototype
  return !isIterator(value) && (isPlain || !isOfAccidentalKind(value))
}

/**
 * Kinds of objects that JSON encodes as `{}`, identified by tag, so that objects from another realm also match, such as Node's errors under
 * Jest.
 */
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

/** Returns true for synchronous iterators, such as generators, which JSON encodes as `{}`. */
function isIterator(value: object): boolean {
  return typeof (value as { next?: unknown }).next === 'function' && Symbol.iterator in value
}
