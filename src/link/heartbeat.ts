/** A heartbeat by protocol ping, or by a message of the API's own. */
export interface HeartbeatOptions {
  /** Milliseconds between beats. @default 20_000 */
  readonly interval?: number | undefined
  /** Milliseconds after a beat in which something must arrive; a beat counts from when it has left this process. @default 10_000 */
  readonly timeout?: number | undefined
  /** Makes the message to beat with, at once; without it a protocol ping goes out. */
  readonly message?: (() => unknown) | undefined
  /**
   * Recognizes the answer to `message`: it measures `Heartbeat.latency`, and no handler sees it. It is asked only while a beat is
   * unanswered, and has to answer at once.
   */
  readonly isReply?: ((message: unknown) => boolean) | undefined
}

/** A heartbeat by a text of its own, which the server answers with another one: bare words among messages of any codec. */
export interface TextHeartbeatOptions {
  /** Milliseconds between beats. @default 20_000 */
  readonly interval?: number | undefined
  /** Milliseconds after a beat in which something must arrive; a beat counts from when it has left this process. @default 10_000 */
  readonly timeout?: number | undefined
  /** Text of a beat. It is sent unchanged, without the codec. */
  readonly text: string
  /**
   * Text of the server's answer. It measures `Heartbeat.latency`. Text messages that equal it reach neither the codec nor a handler, also
   * those that answer no beat.
   *
   * @default 'pong'
   */
  readonly reply?: string | undefined
}

/** A heartbeat that only listens: the server beats, and this side never writes. */
export interface SilenceOptions {
  /** Milliseconds without any data after which the peer is taken for dead. */
  readonly silence: number
}

/** How a dead peer is noticed: `'ping'` by protocol pings with the default times, `false` not at all. */
export type HeartbeatOption = 'ping' | HeartbeatOptions | TextHeartbeatOptions | SilenceOptions | false

/** How liveness is checked, defaults filled in. */
export type HeartbeatSettings =
  | { readonly style: 'ping'; readonly interval: number; readonly timeout: number }
  | {
      readonly style: 'message'
      readonly interval: number
      readonly timeout: number
      readonly message: () => unknown
      readonly isReply?: ((message: unknown) => boolean) | undefined
    }
  | {
      readonly style: 'text'
      readonly interval: number
      readonly timeout: number
      readonly text: string
      readonly reply: string
    }
  | { readonly style: 'silence'; readonly silence: number }
  | { readonly style: 'off' }

export const HEARTBEAT_DEFAULTS = { interval: 20_000, timeout: 10_000 } as const

export const DEFAULT_TEXT_REPLY = 'pong'

/** What a {@link Heartbeat} reads and drives: the connection's current link. */
export interface HeartbeatSource {
  readonly latency: number | undefined
  readonly lastSeen: number | undefined
  ping(): Promise<number>
  /**
   * Changes the settings for as long as the open link lasts.
   *
   * @throws NotConnectedError, or ConnectionClosedError, where no link is open; what `change` throws
   */
  configure(change: HeartbeatChange): void
}

/** Makes the new settings of the present ones. */
export type HeartbeatChange = (present: HeartbeatSettings) => HeartbeatSettings

/**
 * Makes settings of what a user gives to `configure`.
 *
 * @throws TypeError or RangeError for what cannot be
 */
export type HeartbeatReader = (option: HeartbeatOption, present: HeartbeatSettings) => HeartbeatSettings

/** The heartbeat of one connection. Inject it to read the latency, to ping, or to follow an interval that the server announces. */
export class Heartbeat {
  readonly #source: HeartbeatSource
  readonly #read: HeartbeatReader

  /** @internal */
  constructor(source: HeartbeatSource, read: HeartbeatReader) {
    this.#source = source
    this.#read = read
  }

  /** The last measured round trip, in milliseconds; `undefined` before the first, and on a new connection. */
  get latency(): number | undefined {
    return this.#source.latency
  }

  /** When the last frame of any kind arrived, in milliseconds since 1970; `undefined` before the first connection. */
  get lastSeen(): number | undefined {
    return this.#source.lastSeen
  }

  /**
   * Sends a protocol ping.
   *
   * @returns the round trip in milliseconds; it rejects with ConnectionLostError when the connection is lost first
   * @throws NotConnectedError while not open
   * @throws ConnectionClosedError once closing or closed
   */
  ping(): Promise<number> {
    return this.#source.ping()
  }

  /**
   * Changes the heartbeat of this link; the next one begins with the options again. It takes all that the option `heartbeat` takes, of
   * any style, `false` too. Only `interval` and `timeout` under a style that beats, or only `silence`, change the times and keep the rest.
   *
   * @throws NotConnectedError while not open
   * @throws ConnectionClosedError once closing or closed
   * @throws TypeError when there is no such heartbeat, or the present style has no such time
   * @throws RangeError when a time is not a number of milliseconds from 1 to 2147483647
   */
  configure(option: HeartbeatOption): void {
    this.#source.configure((present) => this.#read(option, present))
  }
}
