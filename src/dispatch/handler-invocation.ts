import type { Handler } from '../annotations/handler-table.js'
import type { Codec } from '../codecs/codec.js'
import { describeValue } from '../core/describe-value.js'
import { encodeWith } from '../codecs/codec.js'
import type { LinkPort } from '../link/link-port.js'
import { RESOLVED } from '../core/deferred.js'
import type { Stage } from '../errors/stage.js'
import { EncodeError } from '../errors/message-errors.js'
import { toError } from '../core/error-text.js'
import type { Invoker } from './invoker.js'
import { isThenable } from './invoker.js'

/** Receives the errors of handlers and of what happens to a message on its way to them. Never throws or rejects. */
export interface FailurePort {
  fail(
    error: Error,
    stage: Stage,
    handler?: Handler,
    event?: unknown,
    consequence?: string,
  ): void | Promise<void>
}

/** Calls handlers whose return value is a reply, and sends that over the link that the message came in on. */
export class HandlerInvocation {
  readonly #invoker: Invoker
  readonly #codec: Codec
  readonly #link: LinkPort
  readonly #port: FailurePort

  constructor(invoker: Invoker, codec: Codec, link: LinkPort, port: FailurePort) {
    this.#invoker = invoker
    this.#codec = codec
    this.#link = link
    this.#port = port
  }

  /** Calls a handler and sends what it returns. Never throws or rejects; returns a promise only where there is something to wait for. */
  run(handler: Handler, event: unknown, context: unknown): void | Promise<void> {
    let result: unknown
    try {
      result = this.#invoker.call(handler, event, context)
    } catch (thrown) {
      return this.#port.fail(toError(thrown), 'handle', handler, event)
    }
    if (result === undefined || result === null) return undefined
    if (!isThenable(result)) return this.reply(result, handler, event)
    const isReleased = this.#invoker.closedDuringCall
    const settled = Promise.resolve(result).then(
      (value) => this.reply(value, handler, event),
      (thrown: unknown) => this.#port.fail(toError(thrown), 'handle', handler, event),
    )
    return isReleased ? undefined : settled
  }

  /** Sends what a handler returned; a stream goes on by itself, under flow control. */
  reply(value: unknown, handler: Handler, event: unknown): void | Promise<void> {
    if (value === undefined || value === null) return undefined
    if (isAsyncIterable(value)) {
      void this.#stream(value, handler, event)
      return undefined
    }
    let data: string | Uint8Array
    try {
      data = bytesOf(value) ?? encodeReply(this.#codec, value, handler)
    } catch (thrown) {
      return this.#port.fail(toError(thrown), 'encode', handler, event)
    }
    try {
      const flow = this.#link.send(data)
      return flow === RESOLVED ? undefined : flow
    } catch (thrown) {
      return this.#port.fail(toError(thrown), 'send', handler, event)
    }
  }

  async #stream(items: AsyncIterable<unknown>, handler: Handler, event: unknown): Promise<void> {
    const { signal, refusal } = this.#link
    const fail = (thrown: unknown): void | Promise<void> =>
      this.#port.fail(toError(thrown), 'handle', handler, event)
    try {
      const iterator = items[Symbol.asyncIterator]()
      let isClosed = false
      const close = (): void => {
        if (!isClosed) void closeIterator(iterator).catch(fail)
        isClosed = true
      }
      if (refusal) {
        close()
        await this.#port.fail(refusal, 'send', handler, event)
        return
      }
      // An iterator that waits for something would otherwise wait on for a link that is gone.
      signal.addEventListener('abort', close)
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
        signal.removeEventListener('abort', close)
      }
    } catch (thrown) {
      await fail(thrown)
    }
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
    `${handler.name} returned ${describeValue(value)}, and what a handler returns is sent: return a message, an async iterable of messages, or nothing`,
  )
}

function isMeant(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'string'
  return !(value instanceof Map || value instanceof Set || isIterator(value))
}

/** Tells a generator that is not async, and the like: nobody would ask for their items, and JSON has nothing but `{}` for them. */
function isIterator(value: object): boolean {
  return typeof (value as { next?: unknown }).next === 'function' && Symbol.iterator in value
}
