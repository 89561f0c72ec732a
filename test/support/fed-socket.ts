import { Duplex } from 'node:stream'
import type { ClientOptions } from 'ws'
import { WebSocket } from 'ws'
import { FastReceive } from '#src/transports/ws/fast-receive.js'
import type { FastReceiveListener } from '#src/transports/ws/fast-receive.js'
import { SHARED_READ } from '#src/transports/ws/shared-read-buffer.js'
import { eventually, turns } from './eventually.js'
import { upgradeAnswer } from './raw-server.js'

/** The buffer that all sockets share which lend what they read. */
const LENT = SHARED_READ.buffer()

/** A socket without a network: it answers the handshake, and then is read what it is fed, chunk by chunk. */
class FedSocket extends Duplex {
  #isUpgraded = false
  #memory = LENT

  /** Reads a chunk into the memory that is lent, as Node does; paused or not, like a TLS socket with several records. */
  lend(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.destroyed;) {
      const memory = this.#memory
      const read = chunk.subarray(at, at + memory.length)
      at += read.length
      memory.set(read)
      SHARED_READ.callback.call(this, read.length, memory)
      this.#memory = SHARED_READ.buffer()
      // The next read's bytes, which whoever has kept these would now find.
      if (memory === LENT) LENT.fill(0x55, 0, read.length)
    }
  }

  override _read(): void {
    // What is to be read is pushed by the test.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.#isUpgraded) {
      this.#isUpgraded = true
      this.push(upgradeAnswer(chunk.toString('latin1')))
    }
    done()
  }
}

/** What a feed does, beside feeding. */
export interface FeedOptions {
  /** Whether the socket lends what it reads, in one buffer for all reads. */
  readonly isLending?: boolean
  readonly maxPayload?: number
  readonly maxFragments?: number
  readonly allowSynchronousEvents?: boolean
  /** Called with each message, with its number from 1, after it has been noted. */
  readonly onMessage?: (feed: Feed, number: number) => void
}

/** A client of `ws` on a fed socket, with the fast path or without, and all that comes of it. */
export class Feed {
  static readonly #opened: Feed[] = []
  readonly socket = new FedSocket()
  readonly ws: WebSocket
  readonly events: string[] = []
  /** How many messages came past `ws`. */
  fastMessages = 0
  /** The binary messages, as they were handed over. */
  readonly bytes: Uint8Array[] = []
  /** What was in the pongs that came past `ws`. */
  readonly fastPongs: Buffer[] = []
  /** How often the fast path was about to tell \`ws\` of bytes, or of their end. */
  tellings = 0
  messages = 0
  readonly #onMessage: FeedOptions['onMessage']
  readonly #isLending: boolean

  private constructor(isFast: boolean, { onMessage, isLending = false, ...options }: FeedOptions) {
    this.#onMessage = onMessage
    this.#isLending = isLending
    const connection = { createConnection: () => this.socket } as unknown as ClientOptions
    this.ws = new WebSocket('ws://127.0.0.1', { ...connection, ...options, perMessageDeflate: false })
    let fast: FastReceive | undefined
    this.ws
      .on('open', () => {
        if (isFast) fast = this.#receiveFast(options.maxPayload ?? 0)
      })
      .on('message', (data, isBinary) => {
        fast?.onWsEvent()
        this.#received(isBinary ? (data as Buffer) : (data as Buffer).toString())
      })
      .on('ping', (data) => {
        fast?.onWsEvent()
        this.events.push(`ping ${data.toString()}`)
      })
      .on('pong', (data) => {
        fast?.onWsEvent()
        this.events.push(`pong ${data.toString()}`)
      })
      .on('error', (error) => this.events.push(`error ${(error as NodeJS.ErrnoException).code ?? ''}`))
      .on('close', (code, reason) => this.events.push(`close ${code} ${reason.toString()}`))
  }

  static async open(isFast: boolean, options: FeedOptions = {}): Promise<Feed> {
    const feed = new Feed(isFast, { maxPayload: 0, ...options })
    Feed.#opened.push(feed)
    await eventually('the client is open', () => feed.ws.readyState === WebSocket.OPEN)
    await turns(1)
    return feed
  }

  /** Destroys the sockets of all feeds, so that no deadline of `ws` for a close outlives its test. */
  static destroyAll(): void {
    for (const { socket } of Feed.#opened.splice(0)) socket.destroy()
  }

  /** Has these chunks read one after the other, each in a turn of its own where `isSlow`, and the end of the stream after them. */
  async read(chunks: readonly Uint8Array[], isSlow = false): Promise<readonly string[]> {
    for (const chunk of chunks) {
      if (this.#isLending) this.socket.lend(chunk)
      else this.socket.push(chunk)
      if (isSlow) await turns(1)
    }
    await turns(4)
    return this.events
  }

  async end(): Promise<readonly string[]> {
    this.ws.resume()
    await turns(2)
    this.ws.terminate()
    await eventually('the client has closed', () => this.ws.readyState === WebSocket.CLOSED)
    return this.events
  }

  #receiveFast(maxPayload: number): FastReceive {
    const { ws } = this
    const listener: FastReceiveListener = {
      onMessage: (data) => {
        this.fastMessages += 1
        this.#received(data)
      },
      onPong: (data) => {
        this.fastPongs.push(data as Buffer)
        this.events.push(`pong ${(data as Buffer).toString()}`)
      },
    }
    return new FastReceive(this.socket, maxPayload, listener, {
      get isOpen() {
        return ws.readyState === WebSocket.OPEN
      },
      beforeForward: () => {
        this.tellings += 1
      },
      onSocketError: () => undefined,
    })
  }

  #received(data: string | Uint8Array): void {
    if (typeof data !== 'string') this.bytes.push(data)
    this.events.push(typeof data === 'string' ? data : `bytes ${Buffer.from(data).toString('hex')}`)
    this.messages += 1
    this.#onMessage?.(this, this.messages)
  }
}
