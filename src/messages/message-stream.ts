import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import type { Clock } from '../core/clock.js'
import { deferred, rejected } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import { Fifo } from '../core/fifo.js'
import { DEFAULT_HIGH_WATER_MARK } from '../core/water-marks.js'
import type { CallSite } from './call-site.js'
import { StreamBacklog } from './stream-backlog.js'
import type { BacklogPort } from './stream-backlog.js'

/** Options of `connection.messages()`. */
export interface MessagesOptions {
  /** Ends the iteration when it aborts. Pending and later `next()` calls reject with the signal's reason. Buffered messages are dropped. */
  readonly signal?: AbortSignal | undefined
  /** Number of buffered messages above which the socket is paused. @default 1_024 */
  readonly highWaterMark?: number | undefined
}

/** Options of one `next()` call. */
export interface NextOptions {
  /** Cancels only this `next()` call when it aborts. The next call receives the message instead. */
  readonly signal?: AbortSignal | undefined
}

type Result = IteratorResult<unknown, undefined>

/** Iterates over messages as they arrive. Each `next()` consumes one message, even if its promise is never awaited. */
export interface MessageIterator extends AsyncIterableIterator<unknown, undefined, NextOptions | undefined> {
  /** Resolves with the next message. Rejects if an error ended the connection, or with the reason of an aborted signal. */
  next(options?: NextOptions): Promise<IteratorResult<unknown, undefined>>
  /** Ends the iteration immediately and drops buffered messages. */
  return(): Promise<IteratorReturnResult<undefined>>
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** All iterations over one connection's messages. Each iteration receives every message that arrives after it starts. */
export class MessageStreams {
  readonly #clock: Clock
  readonly #port: BacklogPort
  readonly #streams = new Set<MessageStream>()
  #ending: Ending | undefined

  constructor(clock: Clock, port: BacklogPort) {
    this.#clock = clock
    this.#port = port
  }

  /**
   * Starts an iteration. It receives the messages that arrive after this call.
   *
   * @param opener call site that started the iteration, for warnings
   * @throws TypeError if `highWaterMark` is not a positive integer
   */
  open(
    { signal, highWaterMark = DEFAULT_HIGH_WATER_MARK }: MessagesOptions = {},
    opener: CallSite = {},
  ): MessageIterator {
    if (!Number.isInteger(highWaterMark) || highWaterMark < 1) {
      throw new TypeError(`highWaterMark must be a positive integer, received ${String(highWaterMark)}`)
    }
    const backlog = new StreamBacklog(highWaterMark, this.#clock, this.#port, opener)
    const stream: MessageStream = new MessageStream(backlog, signal, () => this.#streams.delete(stream))
    if (signal?.aborted) stream.abort()
    else if (this.#ending) stream.end(this.#ending)
    else this.#streams.add(stream)
    return stream
  }

  /** Number of running iterations. */
  get size(): number {
    return this.#streams.size
  }

  /** Passes a message to every iteration. */
  push(message: unknown): void {
    for (const stream of this.#streams) stream.push(message)
  }

  /** Called when the connection is closed. Iterations end after their buffered messages. Iterations that start later end immediately. */
  end(): void {
    this.#endAll({})
  }

  /**
   * Called when the connection has failed permanently. Iterations throw after their buffered messages. Iterations that start later throw
   * immediately.
   */
  fail(error: Error): void {
    this.#endAll({ error })
  }

  #endAll(ending: Ending): void {
    this.#ending ??= ending
    for (const stream of [...this.#streams]) stream.end(this.#ending)
  }
}

/** Determines how an iteration ends once its buffer is empty: it throws `error`, if there is one. */
interface Ending {
  readonly error?: Error
}

interface PendingNext {
  resolve(result: Result): void
  reject(error: Error): void
}

class MessageStream implements MessageIterator {
  readonly #backlog: StreamBacklog
  readonly #signal: AbortSignal | undefined
  readonly #ended: () => void
  /** Pending calls, oldest first. Empty while a message is buffered. */
  readonly #pending = new Fifo<PendingNext>()
  readonly #buffer = new Fifo<unknown>()
  #ending: Ending | undefined

  /** @param ended called when the iteration accepts no more messages */
  constructor(backlog: StreamBacklog, signal: AbortSignal | undefined, ended: () => void) {
    this.#backlog = backlog
    this.#signal = signal
    this.#ended = ended
    if (signal) addAbortCallback(signal, this.#signalOnAbort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(options?: NextOptions): Promise<IteratorResult<unknown, undefined>> {
    // A stream that has ended no longer listens to the signal, so that a long-lived signal does not keep the buffer in memory.
    if (this.#buffer.size > 0 && this.#signal?.aborted) this.abort()
    const signal = options?.signal
    if (signal?.aborted) return rejected(toError(signal.reason))
    if (this.#buffer.size > 0) return Promise.resolve({ done: false, value: this.#take() })
    if (!this.#ending) return this.#wait(signal)
    return this.#ending.error ? rejected(this.#ending.error) : Promise.resolve(DONE)
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#buffer.clear()
    this.end({})
    return Promise.resolve(DONE)
  }

  push(message: unknown): void {
    const first = this.#pending.shift()
    if (first) {
      first.resolve({ done: false, value: message })
      return
    }
    this.#buffer.push(message)
    this.#backlog.measure(this.#buffer.size)
  }

  /** Stops accepting messages. Buffered messages can still be read. */
  end(ending: Ending): void {
    this.#ending = ending
    if (this.#signal) removeAbortCallback(this.#signal, this.#signalOnAbort)
    for (const pending of this.#pending.clear()) {
      if (ending.error) pending.reject(ending.error)
      else pending.resolve(DONE)
    }
    this.#ended()
    this.#backlog.end()
  }

  /** Ends the iteration with the signal's reason, and drops buffered messages. */
  abort(): void {
    this.#buffer.clear()
    this.end({ error: toError(this.#signal?.reason) })
  }

  readonly #signalOnAbort = (): void => this.abort()

  #take(): unknown {
    const message = this.#buffer.shift()
    this.#backlog.measure(this.#buffer.size)
    return message
  }

  #wait(signal: AbortSignal | undefined): Promise<IteratorResult<unknown, undefined>> {
    const ends = deferred<Result>()
    const leave = (): void => {
      this.#pending.delete(place)
      if (signal) removeAbortCallback(signal, aborted)
    }
    const aborted = (): void => pending.reject(toError(signal?.reason))
    const pending: PendingNext = {
      resolve(result) {
        leave()
        ends.resolve(result)
      },
      reject(error) {
        leave()
        ends.reject(error)
      },
    }
    const place = this.#pending.push(pending)
    if (signal) addAbortCallback(signal, aborted)
    return ends.promise
  }
}
