import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import type { TransportListener } from '../transports/transport.js'
import { FrameFollower, LENGTH_16, LENGTH_64, headerLength } from './frame-follower.js'
import { endOfPart } from './text-head.js'
import { kReader } from './shared-read-buffer.js'
import type { SharedBufferReader } from './shared-read-buffer.js'

/** First byte of a text message in one frame, without extensions (RFC 6455, section 5.2). */
const PLAIN_TEXT = 0x81

/** First byte of a binary message in one frame. */
const PLAIN_BINARY = 0x82

/** First byte of a pong, which is never fragmented. */
const WHOLE_PONG = 0x8a

/**
 * Maximum number of bytes decoded into one string, unless a single message is longer. Keeping a message alive keeps the whole string in
 * memory, and if the socket is paused after each message, the remaining bytes are decoded again each time. Node's buffer pool, which a
 * small `Buffer` keeps alive, has the same size. Longer strings save no time.
 */
const BLOCK = 8 * 1024

/**
 * Maximum length of a message in bytes; longer messages are left to `ws`. Memory for the whole message is allocated as soon as its header
 * has arrived, and sending a header costs the peer nothing.
 */
const LONGEST = 1024 * 1024

/**
 * If fewer bytes of a message are missing, they are read through the shared buffer, because reading them separately would cost another
 * system call.
 */
const WHOLE_READ = 64 * 1024

/** Receives the messages and pongs that bypass `ws`. */
export type FastReceiveListener = Pick<TransportListener, 'onMessage' | 'skippedHead' | 'skip' | 'onPong'>

/** Owner of the socket, as the fast path sees it. */
export interface FastReceivePort {
  /** True from the opening handshake until either side starts to close. */
  readonly isOpen: boolean
  /** Called before `ws` receives bytes or the end of the stream, because `ws` may respond immediately with a close frame or a FIN. */
  beforeForward(): void
  /** Called when the socket fails. `ws` does not report this. */
  /** @param thrown the error; a socket of the user's can fail with any value */
  onSocketError(thrown: unknown): void
}

/** Limits of the messages that are accepted. */
export interface ReceiveSettings {
  /** Maximum size of a message in bytes; `0` means no limit. */
  readonly maxPayload: number
  /** Whether text that is not UTF-8 is left to `ws`, which closes the connection. */
  readonly validateUtf8: boolean
}

/** Parts of a socket that the fast path needs. */
export interface ReadSocket extends Pick<Socket, 'isPaused' | 'unshift'> {
  emit: (event: string | symbol, ...values: unknown[]) => boolean
  [kReader]?: FastReceive
}

/**
 * Reads plain messages directly from an open socket: complete, in one frame, uncompressed, within the limit and, if they are text, valid
 * UTF-8. It also reads complete pongs, because thousands of silent peers send little else. All other bytes are passed to `ws` unchanged and
 * in order: other control frames, fragments, messages of more than 1 MiB, and protocol violations. The fast path only tracks where those
 * start and end.
 *
 * It processes each chunk when the socket would emit it, or earlier if the socket lends its read buffer. The behavior of a paused socket
 * therefore does not change. If a listener pauses the socket, the rest of the chunk is put back. The fast path is active only while `ws`
 * has no undelivered input: until `ws` has emitted everything it received, all data is passed to `ws`. Once closing starts, the fast path
 * is bypassed permanently.
 */
export class FastReceive implements SharedBufferReader {
  readonly #socket: ReadSocket
  #listener: FastReceiveListener
  readonly #port: FastReceivePort
  readonly #maxPayload: number
  readonly #validatesUtf8: boolean
  readonly #emitToWs: ReadSocket['emit']
  /** True if the memory of the chunk is reused after it has been read. */
  #isShared = false
  /** True once all data is passed to `ws`. It never becomes false again. */
  #isBypassed = false
  /** Tracks the bytes that were passed to `ws`. */
  #forwarded: FrameFollower | undefined
  /** Memory for a plain message that continues beyond the last chunk, including its header. None of it has been delivered. */
  #partial: Buffer | undefined
  /** Number of bytes of `#partial` that have arrived. */
  #arrived = 0

  constructor(
    socket: ReadSocket,
    { maxPayload, validateUtf8 }: ReceiveSettings,
    listener: FastReceiveListener,
    port: FastReceivePort,
  ) {
    this.#socket = socket
    this.#validatesUtf8 = validateUtf8
    this.#maxPayload = maxPayload === 0 ? LONGEST : Math.min(maxPayload, LONGEST)
    this.#listener = listener
    this.#port = port
    this.#emitToWs = socket.emit
    // perf: shared by all sockets, saves 617 B per idle connection.
    socket.emit = emitRead
    socket[kReader] = this
  }

  /** Delivers all later events to this listener. */
  deliverTo(listener: FastReceiveListener): void {
    this.#listener = listener
  }

  /** Handles an event that the socket emits. */
  emitted(event: string | symbol, values: readonly unknown[]): boolean {
    if (event === 'data') {
      this.#isShared = false
      this.#receive(values[0] as Buffer)
      return true
    }
    if (event === 'end' || event === 'close') this.#flushPartial()
    if (event === 'end') this.#port.beforeForward()
    if (event === 'error') this.#port.onSocketError(values[0])
    return this.#emitToWs.call(this.#socket, event, ...values)
  }

  /** perf: the rest of a message is read into its own memory. Copying it out of the shared buffer takes 1.1 to 1.4 times the CPU time. */
  readShared(bytes: Buffer): Buffer | undefined {
    this.#isShared = true
    this.#receive(bytes)
    const rest = this.#partial?.subarray(this.#arrived)
    return rest && rest.length >= WHOLE_READ ? rest : undefined
  }

  /** Records that `ws` has emitted a message, a ping or a pong. */
  onWsEvent(): void {
    this.#forwarded?.onWsEvent()
  }

  #receive(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (!this.#port.isOpen) this.#standAside()
      else if (this.#socket.isPaused()) {
        this.#socket.unshift(this.#copyIfShared(chunk.subarray(at)))
        return
      }
      at = this.#partial ? this.#collect(this.#partial, chunk, at) : this.#readNext(chunk, at)
    }
  }

  /** Reads from this position, and returns the position where it stopped. */
  #readNext(chunk: Buffer, at: number): number {
    const next = this.#skip(chunk, at)
    if (next > at) {
      this.#forward(this.#copyIfShared(chunk.subarray(at, next)))
      return next
    }
    if (chunk[at] === WHOLE_PONG) return this.#takePong(chunk, at)
    if (this.#endOfPlain(chunk, at) === 0) {
      this.#arrived = 0
      this.#partial = Buffer.allocUnsafe(this.#plainLength(chunk, at))
      return this.#collect(this.#partial, chunk, at)
    }
    return chunk[at] === PLAIN_TEXT ? this.#deliver(chunk, at) : this.#takeBytes(chunk, at)
  }

  /** Passes everything from now on to `ws`. */
  #standAside(): void {
    this.#isBypassed = true
    this.#flushPartial()
  }

  /** Returns bytes of the chunk in memory that the recipient can keep. */
  #copyIfShared(bytes: Buffer): Buffer {
    return this.#isShared ? Buffer.from(bytes) : bytes
  }

  /** Adds bytes to a message that spans several chunks, and delivers it once it is complete. Returns the position after them. */
  #collect(message: Buffer, chunk: Buffer, at: number): number {
    const taken = Math.min(message.length - this.#arrived, chunk.length - at)
    const isInPlace =
      chunk.buffer === message.buffer && chunk.byteOffset + at === message.byteOffset + this.#arrived
    if (!isInPlace) chunk.copy(message, this.#arrived, at)
    this.#arrived += taken
    if (this.#arrived === message.length) {
      this.#partial = undefined
      if (message[0] === PLAIN_BINARY) this.#emitMessage(message.subarray(headerLength(message[1] as number)))
      // `ws` handles invalid UTF-8.
      else if (this.#deliver(message, 0) === 0) this.#forward(message)
    }
    return at + taken
  }

  /** Passes the start of an incomplete message to `ws`, because the rest of it will not be read here. */
  #flushPartial(): void {
    const begun = this.#partial?.subarray(0, this.#arrived)
    if (!begun) return
    this.#partial = undefined
    this.#skip(begun, 0, false)
    this.#forward(begun)
  }

  #forward(bytes: Buffer): void {
    this.#port.beforeForward()
    this.#emitToWs.call(this.#socket, 'data', bytes)
  }

  /** Delivers a pong. Returns the position after it. */
  #takePong(chunk: Buffer, at: number): number {
    const end = endOfPong(chunk, at)
    try {
      this.#listener.onPong(this.#copyIfShared(chunk.subarray(at + 2, end)))
    } catch (thrown) {
      throwLater(thrown)
    }
    return end
  }

  /** Delivers a binary message. Returns the position after it. */
  #takeBytes(chunk: Buffer, at: number): number {
    const end = this.#endOfPlain(chunk, at)
    this.#emitMessage(this.#copyIfShared(chunk.subarray(at + headerLength(chunk[at + 1] as number), end)))
    return end
  }

  /**
   * Delivers a block of plain text messages. Stops at the first frame of another kind, or if the socket is paused or starts to close.
   * Returns the position at which it stopped.
   */
  #deliver(chunk: Buffer, from: number): number {
    let highBytes = 0
    let end = from
    for (let next = this.#endOfPlain(chunk, from); next > 0; next = this.#endOfPlain(chunk, end)) {
      if (chunk[end] !== PLAIN_TEXT) break
      if (end > from && next - from > BLOCK) break
      highBytes += highBytesOfHeader(chunk, end)
      end = next
    }
    // One string for all messages: decoding bytes calls into the runtime, slicing a string does not.
    const text = chunk.toString('latin1', from, end)
    // Encoded as UTF-8, each character above 127 takes two bytes, so equal lengths prove that only the headers contain such bytes.
    const isAscii = Buffer.byteLength(text) === text.length + highBytes
    const head = isAscii ? this.#listener.skippedHead : undefined
    for (let at = from; at < end;) {
      const stop = this.#endOfPlain(chunk, at)
      const start = at + headerLength(chunk[at + 1] as number)
      // perf: a message without a handler is not even sliced from the string.
      const keyEnd = head ? endOfPart(chunk, start, stop, head) : 0
      if (keyEnd > 0 && this.#listener.skip?.(text, start - from, keyEnd - from, stop - from)) {
        at = stop
        continue
      }
      const message = isAscii
        ? text.substring(start - from, stop - from)
        : decode(chunk, start, stop, this.#validatesUtf8)
      if (message === undefined) {
        this.#isBypassed = true
        return at
      }
      this.#emitMessage(message)
      at = stop
      if (!this.#port.isOpen || this.#socket.isPaused()) return at
    }
    return end
  }

  /**
   * Delivers a message. If the listener throws, the error becomes an uncaught exception, so that the next chunk is not read from the middle
   * of a message.
   */
  #emitMessage(message: string | Buffer): void {
    try {
      this.#listener.onMessage(message)
    } catch (thrown) {
      throwLater(thrown)
    }
  }

  /** Returns the end of the plain message at this position, or 0 if it does not end in this chunk or is not a plain message. */
  #endOfPlain(chunk: Buffer, at: number): number {
    const length = this.#plainLength(chunk, at)
    return length > 0 && at + length <= chunk.length ? at + length : 0
  }

  /** Returns whether a complete pong or a plain message starts here. */
  #isOurs(chunk: Buffer, at: number): boolean {
    return chunk[at] === WHOLE_PONG ? endOfPong(chunk, at) > 0 : this.#plainLength(chunk, at) > 0
  }

  /** Returns the length of the plain message at this position, in bytes, or 0 if it is not a plain message or its header is incomplete. */
  #plainLength(chunk: Buffer, at: number): number {
    // Reading past the end of a chunk would not be an error, but the runtime would deoptimize this function.
    if (chunk.length < at + 2 || (chunk[at] !== PLAIN_TEXT && chunk[at] !== PLAIN_BINARY)) return 0
    const second = chunk[at + 1] as number
    const header = headerLength(second)
    // Frames from the server must not be masked.
    if (second > LENGTH_64 || chunk.length < at + header) return 0
    const length = second < LENGTH_16 ? second : longLength(chunk, at)
    return length <= this.#maxPayload ? header + length : 0
  }

  /** Tracks the frames that belong to `ws`. Returns the position of the first frame that does not. */
  #skip(chunk: Buffer, from: number, mayStop = this.#forwarded?.isEmitted ?? true): number {
    if (this.#isBypassed) return chunk.length
    let at = from
    while (at < chunk.length) {
      if (mayStop && (this.#forwarded?.isBetweenMessages ?? true) && this.#isOurs(chunk, at)) break
      // perf: created on first use, saves 40 B per idle connection.
      this.#forwarded ??= new FrameFollower()
      at = this.#forwarded.follow(chunk, at)
      if (this.#forwarded.isEnding) this.#isBypassed = true
    }
    return at
  }
}

/** Replaces `emit` on every socket. */
function emitRead(this: ReadSocket, event: string | symbol, ...values: unknown[]): boolean {
  return (this[kReader] as FastReceive).emitted(event, values)
}

function throwLater(thrown: unknown): void {
  process.nextTick(() => {
    throw thrown
  })
}

/**
 * Returns the end of the pong at this position, or 0 if it does not end in this chunk or is invalid. The length of a valid pong fits into
 * one byte.
 */
function endOfPong(chunk: Buffer, at: number): number {
  if (chunk.length < at + 2) return 0
  const length = chunk[at + 1] as number
  const end = at + 2 + length
  return length < LENGTH_16 && end <= chunk.length ? end : 0
}

/** Returns the number of bytes above 127 in the header of a plain message. */
function highBytesOfHeader(chunk: Buffer, at: number): number {
  const end = at + headerLength(chunk[at + 1] as number)
  let count = 0
  for (let index = at; index < end; index += 1) count += (chunk[index] as number) >> 7
  return count
}

/** Returns a length encoded in two or eight bytes, or `Infinity` if it should have been encoded in fewer, which is a violation. */
function longLength(chunk: Buffer, at: number): number {
  if (chunk[at + 1] === LENGTH_16) {
    const length = chunk.readUInt16BE(at + 2)
    return length < LENGTH_16 ? Infinity : length
  }
  const length = chunk.readUInt32BE(at + 2) * 2 ** 32 + chunk.readUInt32BE(at + 6)
  return length < 2 ** 16 ? Infinity : length
}

/** Decodes UTF-8. Returns `undefined` if the bytes are invalid, unless that does not matter. */
function decode(chunk: Buffer, start: number, end: number, validates: boolean): string | undefined {
  const text = chunk.toString('utf8', start, end)
  // The decoder inserts this character for invalid bytes, but the peer may also have sent it.
  return validates && text.includes('\ufffd') && !isUtf8(chunk.subarray(start, end)) ? undefined : text
}
