import { toError } from '../core/error-text.js'
import { deferred } from '../core/deferred.js'
import { Fifo } from '../core/fifo.js'
import { DEFAULT_HIGH_WATER_MARK, HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'

/** How an iteration over messages is bounded and ended. */
export interface MessagesOptions {
  /** Ends the iteration: what waits, and every later `next()`, rejects with the signal's reason; what is buffered is dropped. */
  readonly signal?: AbortSignal
  /** So many messages may be buffered for the iteration; past it the socket is paused. @default 1_024 */
  readonly highWaterMark?: number
}

/** What may end one `next()` without ending the iteration. */
export interface NextOptions {
  /** Gives this one wait up; the message that it would have got goes to the following `next()`. */
  readonly signal?: AbortSignal
}

type Result = IteratorResult<unknown, undefined>

/** Messages as they come, one for each `next()`. A message that was handed to a `next()` is in its promise, whoever awaits that. */
export interface MessageIterator extends AsyncIterableIterator<unknown, undefined, NextOptions | undefined> {
  next(options?: NextOptions): Promise<Result>
  /** Ends the iteration at once and drops what is buffered. */
  return(): Promise<IteratorReturnResult<undefined>>
}

/** What the streams act upon. */
export interface MessageStreamsPort {
  /** Called when `isFull` or `isOverfull` has changed. */
  onChange(): void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** All iterations over the messages of one connection: each gets every message from its beginning on. */
export class MessageStreams {
  readonly #port: MessageStreamsPort
  readonly #streams = new Set<MessageStream>()
  #ending: Ending | undefined
  #isFull = false
  #isOverfull = false

  constructor(port: MessageStreamsPort) {
    this.#port = port
  }

  /** True from when a stream holds more than its mark until each holds a quarter of its own or less. */
  get iteratorsFull(): boolean {
    return this.#isFull
  }

  /** True while a stream holds more than 16 times its mark: a request or a waiter may keep a full one from pausing the socket. */
  get iteratorsOverLimit(): boolean {
    return this.#isOverfull
  }

  /**
   * Begins an iteration; it taps from this call on.
   *
   * @throws TypeError for a mark that is no positive integer
   */
  open({ signal, highWaterMark = DEFAULT_HIGH_WATER_MARK }: MessagesOptions = {}): MessageIterator {
    if (!Number.isInteger(highWaterMark) || highWaterMark < 1) {
      throw new TypeError(`highWaterMark must be a positive integer, and is ${String(highWaterMark)}`)
    }
    const stream: MessageStream = new MessageStream(highWaterMark, signal, {
      onEnd: () => {
        this.#streams.delete(stream)
        this.#update()
      },
      onChange: () => this.#update(),
    })
    if (signal?.aborted) stream.abort()
    else if (this.#ending) stream.end(this.#ending)
    else this.#streams.add(stream)
    return stream
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

  #update(): void {
    const streams = [...this.#streams]
    const isFull = streams.some(({ level }) => level !== 'low')
    const isOverfull = streams.some(({ level }) => level === 'overfull')
    if (isFull === this.#isFull && isOverfull === this.#isOverfull) return
    this.#isFull = isFull
    this.#isOverfull = isOverfull
    this.#port.onChange()
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

/** What a stream tells those who hold it. */
interface StreamPort {
  /** Called when it takes no further message. */
  onEnd(): void
  /** Called when its level has changed. */
  onChange(): void
}

class MessageStream implements MessageIterator {
  readonly #highWaterMark: number
  readonly #signal: AbortSignal | undefined
  readonly #port: StreamPort
  /** In the order of the calls; empty whenever something is buffered. */
  readonly #pending = new Set<PendingNext>()
  readonly #buffer = new Fifo<unknown>()
  #ending: Ending | undefined
  #level: 'low' | 'full' | 'overfull' = 'low'

  constructor(highWaterMark: number, signal: AbortSignal | undefined, port: StreamPort) {
    this.#highWaterMark = highWaterMark
    this.#signal = signal
    this.#port = port
    signal?.addEventListener('abort', this.#signalOnAbort)
  }

  get level(): 'low' | 'full' | 'overfull' {
    return this.#level
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
    const [first] = this.#pending
    if (first) {
      first.resolve({ done: false, value: message })
      return
    }
    this.#buffer.push(message)
    this.#measure()
  }

  /** Takes no further message; what is buffered can still be had. */
  end(ending: Ending): void {
    this.#ending = ending
    this.#signal?.removeEventListener('abort', this.#signalOnAbort)
    for (const pending of [...this.#pending]) {
      if (ending.error) pending.reject(ending.error)
      else pending.resolve(DONE)
    }
    this.#port.onEnd()
  }

  /** Ends for the signal's reason, and drops what is buffered. */
  abort(): void {
    this.#buffer.clear()
    this.end({ error: toError(this.#signal?.reason) })
  }

  readonly #signalOnAbort = (): void => this.abort()

  #take(): unknown {
    const message = this.#buffer.shift()
    this.#measure()
    return message
  }

  #wait(signal: AbortSignal | undefined): Promise<Result> {
    const ends = deferred<Result>()
    const leave = (): void => {
      this.#pending.delete(pending)
      signal?.removeEventListener('abort', aborted)
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
    this.#pending.add(pending)
    signal?.addEventListener('abort', aborted)
    return ends.promise
  }

  #measure(): void {
    const level = this.#measured()
    if (level === this.#level) return
    this.#level = level
    this.#port.onChange()
  }

  #measured(): 'low' | 'full' | 'overfull' {
    if (this.#buffer.size > this.#highWaterMark * HARD_LIMIT_FACTOR) return 'overfull'
    const mark = this.#level === 'low' ? this.#highWaterMark : this.#highWaterMark * LOW_WATER_SHARE
    return this.#buffer.size > mark ? 'full' : 'low'
  }
}

function rejected(error: Error): Promise<never> {
  const ends = deferred<never>()
  ends.reject(error)
  return ends.promise
}
