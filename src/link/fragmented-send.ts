import { isBinaryChunk } from '../codecs/chunked-message.js'
import type { ChunkedMessage, Chunks } from '../codecs/chunked-message.js'
import type { Clock } from '../core/clock.js'
import { reasonOf } from '../core/error-text.js'
import { Fifo } from '../core/fifo.js'
import { ignore, isThenable } from '../core/thenable.js'
import { frameChannel } from '../diagnostics/channels.js'
import { publishMessageFrame, sizeOf } from '../diagnostics/frames.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import { EncodeError } from '../errors/message-errors.js'
import type { FrameOptions, Transport } from '../transports/transport.js'

/** Receives the result of sending a message in fragments. */
export interface FragmentedSendPort {
  readonly clock: Clock
  /** Number of buffered bytes at which the iterable is not read any further. */
  readonly highWaterMark: number
  /** The link, for diagnostics. */
  readonly source: DiagnosticSource
  /** Called when other messages can be sent. Not called if the message stays incomplete. */
  onEnd(): void
  /** @param isIncomplete true if the peer has received the start of the message and would wait for the rest of it */
  onError(error: EncodeError, isIncomplete: boolean): void
}

/** Number of bytes after which the event loop runs once, so that a source that is always ready cannot block it. */
const TURN = 1024 * 1024

/** Cost of each chunk in addition to its bytes, so that empty chunks also count toward `TURN`. */
const CHUNK = 64

const HIGH_SURROGATE = /[\ud800-\udbff]$/

const NO_BYTES = new Uint8Array()

type ChunkIterator = Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>

/**
 * Sends the chunks of an iterable as the fragments of one message (RFC 6455, section 5.4). Reads the iterable only while fewer than
 * `highWaterMark` bytes are buffered.
 */
export class FragmentedSend {
  readonly #message: ChunkedMessage
  readonly #socket: Transport
  readonly #port: FragmentedSendPort
  #iterator: ChunkIterator | undefined
  #isBinary: boolean | undefined
  /** First half of a character whose second half is in the next chunk. Alone, it would be replaced by U+FFFD. */
  #half = ''
  #hasBegun = false
  #isPulling = false
  #isOver = false
  #hasFailed = false
  #sinceTurn = 0
  /** Size of the fragments sent so far, in bytes, and the first of them, for diagnostics. */
  #seen: { bytes: number; readonly first: string | Uint8Array } | undefined

  constructor(message: ChunkedMessage, socket: Transport, port: FragmentedSendPort) {
    this.#message = message
    this.#socket = socket
    this.#port = port
  }

  /** The message, unless its failure is already reported. */
  get unsent(): readonly ChunkedMessage[] {
    return this.#hasFailed ? [] : [this.#message]
  }

  start(): void {
    void this.#run()
  }

  /** Closes the iterable, because the rest of the message cannot be sent. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#message.end()
    this.#closeIterator()
  }

  async #run(): Promise<void> {
    try {
      const iterator = (this.#iterator = iteratorOf(this.#message.source))
      for (;;) {
        const result = this.#pull(iterator)
        // Without a promise, a short message is complete when send() returns.
        const { done, value } = isThenable(result) ? await result : result
        if (this.#isCanceled()) return
        if (done === true) break
        const sent = this.#sendChunk(value)
        if (sent) await sent
        if (this.#sinceTurn >= TURN) await this.#turn()
        if (this.#isCanceled()) return
      }
      this.#finish()
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  /** Calls the source, which can end the link. A generator cannot be closed while it runs, so it is closed after that. */
  #pull(iterator: ChunkIterator): ReturnType<ChunkIterator['next']> {
    this.#isPulling = true
    try {
      return iterator.next()
    } finally {
      this.#isPulling = false
      if (this.#isOver) this.#closeIterator()
    }
  }

  /** Returns true if the message was abandoned, for example because the link has started to close. */
  #isCanceled(): boolean {
    if (!this.#socket.isOpen) this.cancel()
    return this.#isOver
  }

  /** Sends a chunk. Returns a promise if the next one has to wait. */
  #sendChunk(chunk: unknown): Promise<void> | undefined {
    try {
      this.#isBinary = isBinaryChunk(chunk, this.#isBinary)
    } catch (thrown) {
      this.#closeIterator()
      throw thrown
    }
    const data = typeof chunk === 'string' ? this.#complete(chunk) : (chunk as Uint8Array)
    this.#sinceTurn += data.length + CHUNK
    return data.length === 0 ? undefined : this.#send(data)
  }

  /** Returns a text that does not end in the middle of a character. */
  #complete(chunk: string): string {
    const text = this.#half + chunk
    this.#half = HIGH_SURROGATE.exec(text)?.[0] ?? ''
    return text.slice(0, text.length - this.#half.length)
  }

  #optionsFor(isLast: boolean): FrameOptions {
    const fragment = { isBinary: this.#isBinary === true, isLast }
    return { compress: this.#message.mayCompress, fragment }
  }

  #send(data: string | Uint8Array): Promise<void> | undefined {
    this.#hasBegun = true
    const options = this.#optionsFor(false)
    if (frameChannel.hasSubscribers) this.#note(data)
    if (this.#socket.bufferedAmount + data.length < this.#port.highWaterMark) {
      this.#socket.send(data, undefined, options)
      return undefined
    }
    return new Promise((resolve) => {
      this.#socket.send(data, resolve, options)
    })
  }

  #note(fragment: string | Uint8Array): { readonly bytes: number; readonly first: string | Uint8Array } {
    this.#seen ??= { bytes: 0, first: typeof fragment === 'string' ? fragment : NO_BYTES }
    this.#seen.bytes += sizeOf(fragment)
    return this.#seen
  }

  #turn(): Promise<void> {
    this.#sinceTurn = 0
    return new Promise((resolve) => {
      this.#port.clock.nextTurn(resolve)
    })
  }

  #finish(): void {
    const rest = this.#isBinary === true ? NO_BYTES : this.#half
    // An empty or unfinished character may be all there is. The last fragment is then also the first.
    if (frameChannel.hasSubscribers) {
      const { first, bytes } = this.#note(rest)
      publishMessageFrame(this.#port.source, 'transmit', first, bytes)
    }
    this.#socket.send(rest, undefined, this.#optionsFor(true))
    this.#isOver = true
    this.#message.end()
    this.#port.onEnd()
  }

  #fail(thrown: unknown): void {
    if (this.#isCanceled()) return
    this.#isOver = true
    this.#hasFailed = true
    this.#message.end()
    const error = new EncodeError(`Failed to encode an iterable: ${reasonOf(thrown)}`, { cause: thrown })
    if (!this.#hasBegun) this.#port.onEnd()
    this.#port.onError(error, this.#hasBegun)
  }

  /** Calls the iterator's `return`, because no more chunks are needed. Does not wait for an iterable that is still busy. */
  #closeIterator(): void {
    if (this.#isPulling) return
    try {
      const closed: unknown = this.#iterator?.return?.()
      if (isThenable(closed)) ignore(closed)
    } catch {
      // The message is already reported, and its source is no longer needed.
    }
  }
}

function iteratorOf(source: Chunks): ChunkIterator {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** Keeps frames in order while a message is sent in fragments. */
export class MessageGate<Frame extends { run(): void }> {
  #current: FragmentedSend | undefined
  readonly #held = new Fifo<Frame>()
  /** Held frame that is sent now. */
  #released: Frame | undefined

  /** True if the next frame has to wait. */
  get isClosed(): boolean {
    return this.#current !== undefined || this.#held.size > 0
  }

  /** Keeps a frame if it has to wait; its `run` is called again later. Returns whether it has to wait. */
  holds(frame: Frame): boolean {
    if (!this.isClosed || frame === this.#released) return false
    this.#held.push(frame)
    return true
  }

  /** Starts a message in fragments. All later frames wait until `open` is called. */
  begin(message: FragmentedSend): void {
    this.#current = message
    message.start()
  }

  /** Called when the message is complete. Sends the frames that were held, in order, up to the next message in fragments. */
  open(): void {
    this.#current = undefined
    // A held frame can begin the next message in fragments, and that message can even be complete at once.
    for (let frame = this.#held.shift(); frame; frame = this.#next()) {
      this.#released = frame
      frame.run()
    }
    this.#released = undefined
  }

  #next(): Frame | undefined {
    return this.#current === undefined ? this.#held.shift() : undefined
  }

  /** Cancels the message and discards the held frames. Returns what was not sent. */
  clear(): { readonly current: readonly ChunkedMessage[]; readonly held: readonly Frame[] } {
    const current = this.#current?.unsent ?? []
    this.#current?.cancel()
    this.#current = undefined
    return { current, held: this.#held.clear() }
  }
}
