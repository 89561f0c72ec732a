import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import type { TransportListener } from '../transport.js'
import { FrameFollower, LENGTH_16, headerLength } from './frame-follower.js'
import { kReader } from './shared-read-buffer.js'
import type { SharedBufferReader } from './shared-read-buffer.js'

/** The first byte of a text message in one frame, without extensions (RFC 6455, section 5.2). */
const PLAIN_TEXT = 0x81

/** The first byte of a pong, which is always one frame. */
const WHOLE_PONG = 0x8a

/**
 * So many bytes are made one text at the most, unless one message is longer. Whoever keeps a message keeps that text, and whoever pauses at
 * each message has it made anew each time. Node's pool, which a kept small `Buffer` keeps, is as large; making longer texts saves no time.
 */
const BLOCK = 8 * 1024

/** Receives the messages and pongs that are read past `ws`. */
export type FastReceiveListener = Pick<TransportListener, 'onMessage' | 'onPong'>

/** What the fast path needs of whoever owns the socket. */
export interface FastReceivePort {
  /** True from the opening handshake until either side has begun to close. */
  readonly isOpen: boolean
  /** Called before `ws` is told of bytes or of their end: it may answer at once, with a close frame or with the end of ours. */
  beforeForward(): void
  /** Called when the socket breaks, which `ws` keeps to itself. */
  onSocketError(error: Error): void
}

/** What the fast path needs of a socket. */
export interface ReadSocket extends Pick<Socket, 'isPaused' | 'unshift'> {
  emit: (event: string | symbol, ...values: unknown[]) => boolean
  [kReader]?: FastReceive
}

/**
 * Reads plain text messages right off an open socket: whole, in one frame, uncompressed, within the limit, and UTF-8; and whole pongs, the
 * answers of thousands of silent peers. Every other byte goes on to `ws`, unchanged and in order, and `ws` is the judge of it: of all other
 * control frames, fragments, bytes, long messages, and of whatever is against the rules. Of those this only follows where they begin and end.
 *
 * It looks at each chunk in the moment in which the socket would emit it, or before that where the socket lends what it has read; so what a
 * socket does while it is paused stays as it is. What a chunk still holds when somebody pauses is put back. It reads only while `ws` owes
 * nothing: as long as something that `ws` was given has not come out of it, be it later or never, everything goes there. From the beginning
 * of a closing on it stands aside for good.
 */
export class FastReceive implements SharedBufferReader {
  readonly #socket: ReadSocket
  readonly #listener: FastReceiveListener
  readonly #port: FastReceivePort
  readonly #maxPayload: number
  readonly #emitToWs: ReadSocket['emit']
  /** True when the memory of the chunk is another's once it has been read. */
  #isShared = false
  /** Nothing is read here any more. */
  #isBypassed = false
  /** What `ws` has been given. */
  #forwarded: FrameFollower | undefined
  /** The beginning of a plain message that the last chunk did not hold to its end, and which nobody has got yet. */
  #partial: Buffer | undefined

  /** @param maxPayload the most bytes of a message; `0` means no limit */
  constructor(socket: ReadSocket, maxPayload: number, listener: FastReceiveListener, port: FastReceivePort) {
    this.#socket = socket
    this.#maxPayload = maxPayload === 0 ? Infinity : maxPayload
    this.#listener = listener
    this.#port = port
    this.#emitToWs = socket.emit
    // perf: shared by all sockets, saves 617 B per idle connection.
    socket.emit = emitRead
    socket[kReader] = this
  }

  /** Takes what the socket emits. */
  emitted(event: string | symbol, values: readonly unknown[]): boolean {
    if (event === 'data') {
      this.#isShared = false
      this.#receive(values[0] as Buffer)
      return true
    }
    if (event === 'end' || event === 'close') this.#flushPartial()
    if (event === 'end') this.#port.beforeForward()
    if (event === 'error') this.#port.onSocketError(values[0] as Error)
    return this.#emitToWs.call(this.#socket, event, ...values)
  }

  readShared(bytes: Buffer): void {
    this.#isShared = true
    this.#receive(bytes)
  }

  /** Notes that a message, a ping or a pong has come out of `ws`. */
  onWsEvent(): void {
    this.#forwarded?.onWsEvent()
  }

  #receive(chunk: Buffer): void {
    let at = this.#partial && !this.#socket.isPaused() ? this.#complete(this.#partial, chunk) : 0
    while (at < chunk.length) {
      if (!this.#port.isOpen) this.#isBypassed = true
      else if (this.#socket.isPaused()) {
        this.#socket.unshift(this.#copyIfShared(chunk.subarray(at)))
        return
      }
      const next = this.#skip(chunk, at)
      if (next > at) {
        this.#forward(this.#copyIfShared(chunk.subarray(at, next)))
        at = next
      } else if (chunk[at] === WHOLE_PONG) at = this.#takePong(chunk, at)
      else if (this.#endOfPlain(chunk, at) > 0) at = this.#deliver(chunk, at)
      else {
        // A copy: the chunk is many times as large.
        this.#partial = Buffer.from(chunk.subarray(at))
        return
      }
    }
  }

  /** Returns bytes of the chunk for others, who may keep them. */
  #copyIfShared(bytes: Buffer): Buffer {
    return this.#isShared ? Buffer.from(bytes) : bytes
  }

  /** Delivers a message that began in the chunk before, if this one holds the rest of it; returns how much of this one that was. */
  #complete(rest: Buffer, chunk: Buffer): number {
    const missing = this.#plainLength(rest, 0) - rest.length
    if (!this.#port.isOpen) this.#isBypassed = true
    if (this.#isBypassed || missing > chunk.length) {
      this.#flushPartial()
      return 0
    }
    const whole = Buffer.concat([rest, chunk.subarray(0, missing)])
    this.#partial = undefined
    // What is not UTF-8 is for `ws` to judge.
    if (this.#deliver(whole, 0) === 0) this.#forward(whole)
    return missing
  }

  /** Gives `ws` the beginning of a message that is not to be waited for here. */
  #flushPartial(): void {
    const rest = this.#partial
    if (!rest) return
    this.#partial = undefined
    this.#skip(rest, 0, false)
    this.#forward(rest)
  }

  #forward(bytes: Buffer): void {
    this.#port.beforeForward()
    this.#emitToWs.call(this.#socket, 'data', bytes)
  }

  /** Returns where it ends. */
  #takePong(chunk: Buffer, at: number): number {
    const end = endOfPong(chunk, at)
    try {
      this.#listener.onPong(this.#copyIfShared(chunk.subarray(at + 2, end)))
    } catch (thrown) {
      throwLater(thrown)
    }
    return end
  }

  /** Delivers a block of plain messages until there is another frame, or a reason to stop; returns where. */
  #deliver(chunk: Buffer, from: number): number {
    let highBytes = 0
    let end = from
    for (let next = this.#endOfPlain(chunk, from); next > 0; next = this.#endOfPlain(chunk, end)) {
      if (end > from && next - from > BLOCK) break
      highBytes += highBytesOfHeader(chunk, end)
      end = next
    }
    // One text for all: to make one from bytes costs a call into the runtime, to cut one out of another does not.
    const text = chunk.toString('latin1', from, end)
    // In UTF-8 each byte above 127 would take two: so those of the headers are known to be the only ones.
    const isAscii = Buffer.byteLength(text) === text.length + highBytes
    for (let at = from; at < end;) {
      const stop = this.#endOfPlain(chunk, at)
      const start = at + headerLength(chunk[at + 1] as number)
      const message = isAscii ? text.substring(start - from, stop - from) : decode(chunk, start, stop)
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

  /** A listener that throws must not leave the next chunk to be read from the middle of a message: that is thrown where nobody catches it. */
  #emitMessage(message: string): void {
    try {
      this.#listener.onMessage(message)
    } catch (thrown) {
      throwLater(thrown)
    }
  }

  /** Returns where the plain text message ends that begins here; 0 if it does not end in this chunk, or if here is something else. */
  #endOfPlain(chunk: Buffer, at: number): number {
    const length = this.#plainLength(chunk, at)
    return length > 0 && at + length <= chunk.length ? at + length : 0
  }

  /** Tells whether a whole pong begins here, or a plain text message that is whole, or short enough to wait for the rest of it. */
  #isOurs(chunk: Buffer, at: number): boolean {
    if (chunk[at] === WHOLE_PONG) return endOfPong(chunk, at) > 0
    const length = this.#plainLength(chunk, at)
    return length > 0 && (length <= BLOCK || at + length <= chunk.length)
  }

  /** Returns how many bytes the plain text message has that begins here; 0 if here is something else, or less than a header. */
  #plainLength(chunk: Buffer, at: number): number {
    // To read past the end of a chunk would be no mistake, but takes the runtime's optimized code from the function.
    if (chunk.length < at + 2 || chunk[at] !== PLAIN_TEXT) return 0
    const second = chunk[at + 1] as number
    // What has eight bytes of length is long; what has a mask is wrong.
    if (second > LENGTH_16) return 0
    const isLong = second === LENGTH_16
    if (isLong && chunk.length < at + 4) return 0
    const length = isLong ? lengthOf16(chunk, at + 2) : second
    // A longer length than it needs is wrong, too.
    const isMinimal = !isLong || length >= LENGTH_16
    return length <= this.#maxPayload && isMinimal ? headerLength(second) + length : 0
  }

  /** Follows what is for `ws`; returns where something begins that is not. */
  #skip(chunk: Buffer, from: number, mayStop = this.#isEmitted): number {
    if (this.#isBypassed) return chunk.length
    let at = from
    while (at < chunk.length) {
      if (mayStop && this.#isBetweenMessages && this.#isOurs(chunk, at)) break
      // perf: made on first use, saves 40 B per idle connection.
      this.#forwarded ??= new FrameFollower()
      at = this.#forwarded.follow(chunk, at)
      if (this.#forwarded.isEnding) this.#isBypassed = true
    }
    return at
  }

  get #isEmitted(): boolean {
    return this.#forwarded?.isEmitted ?? true
  }

  get #isBetweenMessages(): boolean {
    return this.#forwarded?.isBetweenMessages ?? true
  }
}

/** What a socket emits with; all of them share it. */
function emitRead(this: ReadSocket, event: string | symbol, ...values: unknown[]): boolean {
  return (this[kReader] as FastReceive).emitted(event, values)
}

function throwLater(thrown: unknown): void {
  process.nextTick(() => {
    throw thrown
  })
}

/** Returns where the pong ends that begins here; 0 if it does not end in this chunk, or is none: its length may not take more than a byte. */
function endOfPong(chunk: Buffer, at: number): number {
  if (chunk.length < at + 2) return 0
  const length = chunk[at + 1] as number
  const end = at + 2 + length
  return length < LENGTH_16 && end <= chunk.length ? end : 0
}

/** How many bytes of a plain message's header are above 127. */
function highBytesOfHeader(chunk: Buffer, at: number): number {
  if (chunk[at + 1] !== LENGTH_16) return 1
  return 1 + ((chunk[at + 2] as number) >> 7) + ((chunk[at + 3] as number) >> 7)
}

function lengthOf16(chunk: Buffer, at: number): number {
  return (chunk[at] as number) * 256 + (chunk[at + 1] as number)
}

/** Decodes UTF-8; returns `undefined` for what is none. */
function decode(chunk: Buffer, start: number, end: number): string | undefined {
  const text = chunk.toString('utf8', start, end)
  // Decoding leaves this sign where something was wrong, but it may also have been sent.
  return text.includes('\ufffd') && !isUtf8(chunk.subarray(start, end)) ? undefined : text
}
