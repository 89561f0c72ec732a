import { addAbortCallback, removeAbortCallback } from '../core/abort-callbacks.js'
import type { Clock } from '../core/clock.js'
import { deferred, rejected } from '../core/deferred.js'
import { toError } from '../core/error-text.js'
import { Fifo } from '../core/fifo.js'
import { DEFAULT_HIGH_WATER_MARK } from '../core/water-marks.js'
import type { CallSite } from './call-site.js'
import { StreamBacklog } from './stream-backlog.js'
import type { BacklogPort } from './stream-backlog.js'

/** How an iteration over messages is bounded and ended. */
export interface MessagesOptions {
  /** Ends the iteration: what waits, and every later `next()`, rejects with the signal's reason; what is buffered is dropped. */
  readonly signal?: AbortSignal | undefined
  /** So many messages may be buffered for the iteration; past it the socket is paused. @default 1_024 */
  readonly highWaterMark?: number | undefined
}

/** What may end one `next()` without ending the iteration. */
export interface NextOptions {
  /** Gives this one wait up; the message that it would have got goes to the following `next()`. */
  readonly signal?: AbortSignal | undefined
}

type Result = IteratorResult<unknown, undefined>

/** Messages as they come, one for each `next()`. A message that was handed to a `next()` is in its promise, even if nothing awaits that. */
export interface MessageIterator extends AsyncIterableIterator<unknown, undefined, NextOptions | undefined> {
  next(options?: NextOptions): Promise<Result>
  /** Ends the iteration at once and drops what is buffered. */
  return(): Promise<IteratorReturnResult<undefined>>
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** All iterations over the messages of one connection: each gets every message from its beginning on. */
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
   * Begins an iteration; it taps from this call on.
   *
   * @param opener who begins the iteration, for warnings
   * @throws TypeError for a mark that is no positive integer
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

  /** How many iterations there are. */
  get size(): number {
    return this.#streams.size
  }

  /** Gives a message to every iteration. */
  push(message: unknown): void {
    for (const stream of this.#streams) stream.push(message)
  }

  /** The connection is closed: iterations finish after what they have buffered, and so do those that begin later. */
  end(): void {
    this.#endAll({})
  }

  /** The connection is lost for good: iterations throw after what they have buffered, and so do those that begin later. */
  fail(error: Error): void {
    this.#endAll({ error })
  }

  #endAll(ending: Ending): void {
    this.#ending ??= ending
    for (const stream of [...this.#streams]) stream.end(this.#ending)
  }
}

/** What an iteration comes to once its buffer is empty: an error to throw, or a plain end. */
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
  /** In the order of the calls; empty whenever something is buffered. */
  readonly #pending = new Fifo<PendingNext>()
  readonly #buffer = new Fifo<unknown>()
  #ending: Ending | undefined

  /** @param ended called when it takes no further message */
  constructor(backlog: StreamBacklog, signal: AbortSignal | undefined, ended: () => void) {
    this.#backlog = backlog
    this.#signal = signal
    this.#ended = ended
    if (signal) addAbortCallback(signal, this.#signalOnAbort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(options?: NextOptions): Promise<Result> {
    // Once it has ended nobody listens to the signal any more, so that a long-lived one does not hold the buffer.
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

  /** Takes no further message; what is buffered can still be had. */
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

  /** Ends for the signal's reason, and drops what is buffered. */
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

  #wait(signal: AbortSignal | undefined): Promise<Result> {
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
