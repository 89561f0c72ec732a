import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import type { TransportListener } from '../transport.js'
import { FrameFollower, LENGTH_16, LENGTH_64, headerLength } from './frame-follower.js'
import { endOfPart } from './text-head.js'
import { kReader } from './shared-read-buffer.js'
import type { SharedBufferReader } from './shared-read-buffer.js'

/** The first byte of a text message in one frame, without extensions (RFC 6455, section 5.2). */
const PLAIN_TEXT = 0x81

/** The first byte of a binary message in one frame. */
const PLAIN_BINARY = 0x82

/** The first byte of a pong, which is always one frame. */
const WHOLE_PONG = 0x8a

/**
 * So many bytes are made one text at the most, unless one message is longer. A handler that keeps a message keeps that text, and one that
 * pauses at each message has it made anew each time. Node's pool, which a kept small `Buffer` keeps, is as large; making longer texts saves no time.
 */
const BLOCK = 8 * 1024

/** Longer messages are for `ws`: memory for the whole message is made when its header has come, and a header costs the peer nothing. */
const LONGEST = 1024 * 1024

/** A message that lacks less is read through the shared buffer: to read the rest alone would be one more system call. */
const WHOLE_READ = 64 * 1024

/** Receives the messages and pongs that are read past `ws`. */
export type FastReceiveListener = Pick<TransportListener, 'onMessage' | 'skippedHead' | 'skip' | 'onPong'>

/** The owner of the socket, as the fast path needs it. */
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
 * Reads plain messages right off an open socket: whole, in one frame, uncompressed, within the limit, and UTF-8 if they are text; and whole
 * pongs, the answers of thousands of silent peers. Every other byte goes on to `ws`, unchanged and in order, and `ws` is the judge of it: of
 * all other control frames, fragments, messages of more than 1 MiB, and of whatever is against the rules. Of those this only follows where
 * they begin and end.
 *
 * It looks at each chunk in the moment in which the socket would emit it, or before that where the socket lends what it has read; so what a
 * socket does while it is paused stays as it is. What a chunk still holds when somebody pauses is put back. It reads only while `ws` owes
 * nothing: as long as something that `ws` was given has not come out of it, be it later or never, everything goes there. From the beginning
 * of a closing on it stands aside for good.
 */
export class FastReceive implements SharedBufferReader {
  readonly #socket: ReadSocket
  #listener: FastReceiveListener
  readonly #port: FastReceivePort
  readonly #maxPayload: number
  readonly #emitToWs: ReadSocket['emit']
  /** True when the memory of the chunk is another's once it has been read. */
  #isShared = false
  /** Nothing is read here any more. */
  #isBypassed = false
  /** What `ws` has been given. */
  #forwarded: FrameFollower | undefined
  /** Memory for a plain message that the last chunk did not hold to its end, its header included. Nobody has received any of it. */
  #partial: Buffer | undefined
  /** Number of bytes of it that have arrived. */
  #arrived = 0

  /** @param maxPayload the most bytes of a message; `0` means no limit */
  constructor(socket: ReadSocket, maxPayload: number, listener: FastReceiveListener, port: FastReceivePort) {
    this.#socket = socket
    this.#maxPayload = maxPayload === 0 ? LONGEST : Math.min(maxPayload, LONGEST)
    this.#listener = listener
    this.#port = port
    this.#emitToWs = socket.emit
    // perf: shared by all sockets, saves 617 B per idle connection.
    socket.emit = emitRead
    socket[kReader] = this
  }

  /** Passes on what comes from now on. */
  deliverTo(listener: FastReceiveListener): void {
    this.#listener = listener
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

  /** perf: the rest of a message is read into its own memory. Copying it out of the shared buffer takes 1.1 to 1.4 times the CPU time. */
  readShared(bytes: Buffer): Buffer | undefined {
    this.#isShared = true
    this.#receive(bytes)
    const rest = this.#partial?.subarray(this.#arrived)
    return rest && rest.length >= WHOLE_READ ? rest : undefined
  }

  /** Notes that a message, a ping or a pong has come out of `ws`. */
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

  /** Reads what begins here, and returns where it stopped. */
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

  /** From here on everything is for `ws`. */
  #standAside(): void {
    this.#isBypassed = true
    this.#flushPartial()
  }

  /** Returns bytes of the chunk for others, who may keep them. */
  #copyIfShared(bytes: Buffer): Buffer {
    return this.#isShared ? Buffer.from(bytes) : bytes
  }

  /** Adds bytes to a message that takes several chunks, and delivers it when it is whole. Returns where they end. */
  #collect(message: Buffer, chunk: Buffer, at: number): number {
    const taken = Math.min(message.length - this.#arrived, chunk.length - at)
    const isInPlace =
      chunk.buffer === message.buffer && chunk.byteOffset + at === message.byteOffset + this.#arrived
    if (!isInPlace) chunk.copy(message, this.#arrived, at)
    this.#arrived += taken
    if (this.#arrived === message.length) {
      this.#partial = undefined
      if (message[0] === PLAIN_BINARY) this.#emitMessage(message.subarray(headerLength(message[1] as number)))
      // What is not UTF-8 is for `ws` to judge.
      else if (this.#deliver(message, 0) === 0) this.#forward(message)
    }
    return at + taken
  }

  /** Gives `ws` the beginning of a message that is not to be waited for here. */
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

  /** Delivers a binary message; returns where it ends. */
  #takeBytes(chunk: Buffer, at: number): number {
    const end = this.#endOfPlain(chunk, at)
    this.#emitMessage(this.#copyIfShared(chunk.subarray(at + headerLength(chunk[at + 1] as number), end)))
    return end
  }

  /** Delivers a block of plain texts until there is another frame, or a reason to stop; returns where. */
  #deliver(chunk: Buffer, from: number): number {
    let highBytes = 0
    let end = from
    for (let next = this.#endOfPlain(chunk, from); next > 0; next = this.#endOfPlain(chunk, end)) {
      if (chunk[end] !== PLAIN_TEXT) break
      if (end > from && next - from > BLOCK) break
      highBytes += highBytesOfHeader(chunk, end)
      end = next
    }
    // One text for all: to make one from bytes costs a call into the runtime, to cut one out of another does not.
    const text = chunk.toString('latin1', from, end)
    // In UTF-8 each byte above 127 would take two: so those of the headers are known to be the only ones.
    const isAscii = Buffer.byteLength(text) === text.length + highBytes
    const head = isAscii ? this.#listener.skippedHead : undefined
    for (let at = from; at < end;) {
      const stop = this.#endOfPlain(chunk, at)
      const start = at + headerLength(chunk[at + 1] as number)
      // perf: what nobody wants is not even cut out of the text.
      const keyEnd = head ? endOfPart(chunk, start, stop, head) : 0
      if (keyEnd > 0 && this.#listener.skip?.(text, start - from, keyEnd - from, stop - from)) {
        at = stop
        continue
      }
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
  #emitMessage(message: string | Buffer): void {
    try {
      this.#listener.onMessage(message)
    } catch (thrown) {
      throwLater(thrown)
    }
  }

  /** Returns where the plain message ends that begins here; 0 if it does not end in this chunk, or if here is something else. */
  #endOfPlain(chunk: Buffer, at: number): number {
    const length = this.#plainLength(chunk, at)
    return length > 0 && at + length <= chunk.length ? at + length : 0
  }

  /** Tells whether a whole pong or a plain message begins here. */
  #isOurs(chunk: Buffer, at: number): boolean {
    return chunk[at] === WHOLE_PONG ? endOfPong(chunk, at) > 0 : this.#plainLength(chunk, at) > 0
  }

  /** Returns how many bytes the plain message has that begins here; 0 if here is something else, or less than a header. */
  #plainLength(chunk: Buffer, at: number): number {
    // To read past the end of a chunk would be no mistake, but takes the runtime's optimized code from the function.
    if (chunk.length < at + 2 || (chunk[at] !== PLAIN_TEXT && chunk[at] !== PLAIN_BINARY)) return 0
    const second = chunk[at + 1] as number
    const header = headerLength(second)
    // What has a mask is wrong.
    if (second > LENGTH_64 || chunk.length < at + header) return 0
    const length = second < LENGTH_16 ? second : longLength(chunk, at)
    return length <= this.#maxPayload ? header + length : 0
  }

  /** Follows what is for `ws`; returns where something begins that is not. */
  #skip(chunk: Buffer, from: number, mayStop = this.#forwarded?.isEmitted ?? true): number {
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
  const end = at + headerLength(chunk[at + 1] as number)
  let count = 0
  for (let index = at; index < end; index += 1) count += (chunk[index] as number) >> 7
  return count
}

/** Returns a length that follows in two bytes or eight; infinite if fewer bytes would do, which is wrong. */
function longLength(chunk: Buffer, at: number): number {
  if (chunk[at + 1] === LENGTH_16) {
    const length = chunk.readUInt16BE(at + 2)
    return length < LENGTH_16 ? Infinity : length
  }
  const length = chunk.readUInt32BE(at + 2) * 2 ** 32 + chunk.readUInt32BE(at + 6)
  return length < 2 ** 16 ? Infinity : length
}

/** Decodes UTF-8; returns `undefined` for what is none. */
function decode(chunk: Buffer, start: number, end: number): string | undefined {
  const text = chunk.toString('utf8', start, end)
  // Decoding leaves this sign where something was wrong, but it may also have been sent.
  return text.includes('\ufffd') && !isUtf8(chunk.subarray(start, end)) ? undefined : text
}
