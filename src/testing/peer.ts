import type { Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import type { Handshake } from '../transports/transport.js'
import type { WaitLimit } from './fake-clock.js'
import { lowercased } from './refusal.js'
import type { Refusal } from './refusal.js'
import { waitFor } from './wait.js'
import type { Changes } from './wait.js'
import { describeMessages } from './wait-error.js'

/** Close frame that the client sent. */
export interface CloseFrame {
  /** Close code; 1005 if the frame contained none. */
  readonly code: number
  /** Reason; `''` if the frame contained none. */
  readonly reason: string
}

/** Action that is due once the client has sent a number of messages. */
interface DueAction {
  readonly count: number
  readonly run: () => void
}

/** Everything that a peer has received. */
export class Inbox {
  readonly messages: (string | Uint8Array)[] = []
  readonly pongs: Uint8Array[] = []
  /** Notified of each message. */
  readonly changes: Changes
  #pings = 0
  #closeFrame: CloseFrame | undefined
  #due: DueAction[] = []

  constructor(changes: Changes) {
    this.changes = changes
  }

  /** Number of pings. */
  get pings(): number {
    return this.#pings
  }

  get closeFrame(): CloseFrame | undefined {
    return this.#closeFrame
  }

  /** Runs an action once this many messages have arrived. */
  after(count: number, run: () => void): void {
    this.#due.push({ count, run })
    this.#runDue()
  }

  addPing(): void {
    this.#pings += 1
  }

  /** Keeps the close frame of the client. */
  close(frame: CloseFrame): void {
    this.#closeFrame = frame
  }

  /** @param onMessage called before anything that waits for the message */
  add(message: string | Uint8Array, onMessage: ((data: string | Uint8Array) => void) | undefined): void {
    this.messages.push(message)
    onMessage?.(message)
    this.#runDue()
    this.changes.notify()
  }

  /** Runs the actions that are due, never inside the call with which a client sends. */
  #runDue(): void {
    if (this.#due.length === 0) return
    const isDue = ({ count }: DueAction): boolean => count <= this.messages.length
    const due = this.#due.filter(isDue)
    this.#due = this.#due.filter((action) => !isDue(action))
    for (const { run } of due) queueMicrotask(run)
  }
}

/** Facts about the request of an attempt. */
interface PeerRequest {
  readonly url: string
  readonly protocols: readonly string[]
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Server side of one connection attempt, in memory or over a real socket. Scripts for both kinds of server use it. */
export abstract class Peer {
  /** URL that the client connected to. */
  readonly url: string
  /** Subprotocols that the client offered. */
  readonly protocols: readonly string[]
  /** Headers of the client's request, with lowercase names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** All messages received, exactly as sent: strings for text, bytes for binary. */
  readonly received: (string | Uint8Array)[]
  /** All pongs received. */
  readonly pongs: readonly Uint8Array[]
  /** Called with each message received. */
  onMessage: ((data: string | Uint8Array) => void) | undefined
  /** Called once the connection has ended. */
  onEnd: (() => void) | undefined
  /** @internal */
  readonly inbox: Inbox
  /**
   * Clock of the client, if it is known.
   *
   * @internal
   */
  readonly clock: Clock | undefined
  /** Number of messages that `next` has returned. */
  #read = 0

  /** @internal */
  constructor({ url, protocols, headers }: PeerRequest, changes: Changes, clock: Clock | undefined) {
    this.url = url
    this.protocols = protocols
    this.headers = lowercased(headers)
    this.inbox = new Inbox(changes)
    this.received = this.inbox.messages
    this.pongs = this.inbox.pongs
    this.clock = clock
  }

  /** True while the client can send on this connection. */
  abstract get isOpen(): boolean

  /** True once the connection or the attempt has ended. */
  abstract get isEnded(): boolean

  /** Close frame received, if any. */
  get closeFrame(): CloseFrame | undefined {
    return this.inbox.closeFrame
  }

  /** Number of pings received. */
  get pings(): number {
    return this.inbox.pings
  }

  /**
   * Accepts the handshake. By default, chooses the first subprotocol that the client offers. A subprotocol that it did not offer fails the
   * attempt (RFC 6455, section 4.1).
   */
  abstract accept(handshake?: Partial<Handshake>): void

  /**
   * Refuses the handshake.
   *
   * @param reason HTTP status of the response, or an error; without one, the connection fails before the server responds
   * @param response rest of the HTTP response
   */
  abstract refuse(reason?: number | Error, response?: Refusal): void

  /**
   * Sends text or bytes unchanged, and any other value as JSON.
   *
   * @throws TypeError if the value has no JSON form, such as `undefined`
   */
  send(value: unknown): void {
    const isData = typeof value === 'string' || value instanceof Uint8Array
    const data = isData ? value : (JSON.stringify(value) as string | undefined)
    if (data === undefined)
      throw new TypeError(
        `Cannot send ${describeValue(value)}: JSON has no form for it. Pass a string, bytes, or JSON data`,
      )
    this.sendData(data)
  }

  /** Sends a ping. */
  abstract ping(data?: Uint8Array): void

  /** Sends a pong. */
  abstract pong(data?: Uint8Array): void

  /** Closes the connection with a close frame. */
  abstract close(code?: number, reason?: string): void

  /** Drops the connection without a close frame. Pass an error to simulate a reset; otherwise, the stream simply ends. */
  abstract drop(error?: Error): void

  /** Makes the connection half-open, as if a cable had been pulled: nothing arrives on either side, and neither side is notified. */
  abstract goHalfOpen(): void

  /** Runs an action right after the client has sent this many messages on this connection. */
  after(messages: number, action: () => void): void {
    this.inbox.after(messages, action)
  }

  /**
   * Waits for the next message that this method has not returned yet. If the client runs on a `FakeClock`, the clock advances as far as
   * necessary.
   *
   * @returns JSON decoded, any other text as a string, and binary messages as bytes
   * @throws Error if the message cannot arrive; it contains the messages received so far
   */
  async next<T = unknown>(limit?: WaitLimit): Promise<T> {
    const index = this.#read
    this.#read += 1
    const wait = waitFor(
      {
        name: `message ${index + 1} from the client`,
        read: () => this.received[index],
        impossible: () => (this.isEnded ? 'the connection has ended' : undefined),
        instead: () => describeMessages(this.received),
      },
      { changes: this.inbox.changes, clock: () => this.clock },
      limit,
    )
    try {
      return decodeJson(await wait) as T
    } catch (error) {
      // A later call returns the message, if it arrives after all.
      this.#read = Math.min(this.#read, index)
      throw error
    }
  }

  /**
   * Waits for the end of the connection. If the client runs on a `FakeClock`, the clock advances as far as necessary.
   *
   * @returns the client's close frame; `undefined` if it sent none
   * @throws Error if the connection does not end; it contains the messages received so far
   */
  async closed(limit?: WaitLimit): Promise<CloseFrame | undefined> {
    await waitFor(
      {
        name: 'the end of the connection',
        read: () => this.isEnded || undefined,
        impossible: () => undefined,
        instead: () => describeMessages(this.received),
      },
      { changes: this.inbox.changes, clock: () => this.clock },
      limit,
    )
    return this.closeFrame
  }

  /** @internal */
  abstract sendData(data: string | Uint8Array): void

  /** @internal */
  receiveEnd(): void {
    this.onEnd?.()
    this.inbox.changes.notify()
  }
}

/** Decodes JSON, and returns everything else unchanged. */
export function decodeJson(data: string | Uint8Array): unknown {
  if (typeof data !== 'string') return data
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
