import { Duplex } from 'node:stream'
import type { ClientOptions } from 'ws'
import { WebSocket } from 'ws'
import { FastReceive } from '#src/fast-paths/fast-receive.js'
import type { FastReceiveListener } from '#src/fast-paths/fast-receive.js'
import { SHARED_READ } from '#src/fast-paths/shared-read-buffer.js'
import { eventually, turns } from './eventually.js'
import { upgradeAnswer } from './raw-server.js'

/** The read buffer that all sockets with a shared buffer use. */
const LENT = SHARED_READ.buffer()

/** A socket without a network. It answers the handshake, and then delivers the chunks that the test feeds it. */
class FedSocket extends Duplex {
  #isUpgraded = false
  #memory = LENT

  /** Reads a chunk into the shared buffer as Node does. It ignores pauses, like a TLS socket with several records. */
  lend(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.destroyed;) {
      const memory = this.#memory
      const read = chunk.subarray(at, at + memory.length)
      at += read.length
      memory.set(read)
      SHARED_READ.callback.call(this, read.length, memory)
      this.#memory = SHARED_READ.buffer()
      // Stands for the next read, which overwrites the bytes in the shared buffer.
      if (memory === LENT) LENT.fill(0x55, 0, read.length)
    }
  }

  override _read(): void {
    // The test pushes the input.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.#isUpgraded) {
      this.#isUpgraded = true
      this.push(upgradeAnswer(chunk.toString('latin1')))
    }
    done()
  }
}

/** Options of a feed. */
export interface FeedOptions {
  /** True if the socket reads into one shared buffer. */
  readonly isLending?: boolean
  readonly maxPayload?: number
  readonly maxFragments?: number
  readonly allowSynchronousEvents?: boolean
  /** Called after each message was recorded, with its number from 1. */
  readonly onMessage?: (feed: Feed, number: number) => void
}

/** A `ws` client on a fed socket, with or without the fast path, and a record of its events. */
export class Feed {
  static readonly #opened: Feed[] = []
  readonly socket = new FedSocket()
  readonly ws: WebSocket
  readonly events: string[] = []
  /** Number of messages that bypassed `ws`. */
  fastMessages = 0
  /** The binary messages as they were delivered. */
  readonly bytes: Uint8Array[] = []
  /** Payloads of the pongs that bypassed `ws`. */
  readonly fastPongs: Buffer[] = []
  /** Number of times the fast path was about to forward bytes, or their end, to `ws`. */
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

  /** Feeds the chunks one after the other. With `isSlow`, each chunk gets its own turn of the event loop. */
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
    return new FastReceive(this.socket, { maxPayload, validateUtf8: true }, listener, {
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
