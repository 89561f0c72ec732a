/** Options for a heartbeat that sends protocol pings or the API's own messages. */
export interface HeartbeatOptions {
  /** Time between heartbeats, in milliseconds. @default 20_000 */
  readonly interval?: number | undefined
  /** Maximum wait for any data after a heartbeat, in milliseconds. Measured from the moment the heartbeat is sent. @default 10_000 */
  readonly timeout?: number | undefined
  /** Returns the message to send as a heartbeat. Must be synchronous. If it is not set, Holdfast sends protocol pings. */
  readonly message?: (() => unknown) | undefined
  /**
   * Returns whether a received message is the reply to the heartbeat. The reply updates `Heartbeat.latency`, and handlers do not receive
   * it. Called only while a heartbeat is unanswered. Must be synchronous.
   */
  readonly isReply?: ((message: unknown) => boolean) | undefined
}

/**
 * Options for a heartbeat that sends plain text and receives plain text in reply. The codec is not used, so neither text has to be JSON.
 */
export interface TextHeartbeatOptions {
  /** Time between heartbeats, in milliseconds. @default 20_000 */
  readonly interval?: number | undefined
  /** Maximum wait for any data after a heartbeat, in milliseconds. Measured from the moment the heartbeat is sent. @default 10_000 */
  readonly timeout?: number | undefined
  /** Text to send as a heartbeat. It is sent unchanged; the codec is not used. */
  readonly text: string
  /**
   * Text of the server's reply, which updates `Heartbeat.latency`. Text messages equal to it never reach the codec or a handler, even if
   * they are not replies to a heartbeat.
   *
   * @default 'pong'
   */
  readonly reply?: string | undefined
}

/** Options for a heartbeat that only listens, for servers that send their own heartbeats. Holdfast sends nothing. */
export interface SilenceOptions {
  /** Maximum silence in milliseconds before the connection is terminated. */
  readonly silence: number
}

/**
 * Method of detecting a lost connection: `'ping'` sends protocol pings with the default interval and timeout, `false` disables detection.
 */
export type HeartbeatOption = 'ping' | HeartbeatOptions | TextHeartbeatOptions | SilenceOptions | false

/** Heartbeat settings with defaults filled in. */
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

/** Current link of a connection, as {@link Heartbeat} reads and controls it. */
export interface HeartbeatSource {
  readonly latency: number | undefined
  readonly lastSeen: number | undefined
  ping(): Promise<number>
  /**
   * Changes the settings until the current link closes.
   *
   * @throws NotConnectedError or ConnectionClosedError if no link is open; also whatever `change` throws
   */
  configure(change: HeartbeatChange): void
}

/** Returns the new settings, given the current ones. */
export type HeartbeatChange = (present: HeartbeatSettings) => HeartbeatSettings

/**
 * Returns the settings for an argument passed to `configure`.
 *
 * @throws TypeError or RangeError for invalid options
 */
export type HeartbeatReader = (option: HeartbeatOption, present: HeartbeatSettings) => HeartbeatSettings

/** Heartbeat of one connection. Inject it to read the latency, to send a ping, or to follow an interval that the server announces. */
export class Heartbeat {
  readonly #source: HeartbeatSource
  readonly #read: HeartbeatReader

  /** @internal */
  constructor(source: HeartbeatSource, read: HeartbeatReader) {
    this.#source = source
    this.#read = read
  }

  /** Last measured round trip, in milliseconds; `undefined` before the first measurement on each link. */
  get latency(): number | undefined {
    return this.#source.latency
  }

  /** Time at which the last frame of any kind arrived, in milliseconds since 1970; `undefined` before the first connection. */
  get lastSeen(): number | undefined {
    return this.#source.lastSeen
  }

  /**
   * Sends a protocol ping.
   *
   * @returns the round trip in milliseconds; rejects with ConnectionLostError if the connection is lost first
   * @throws NotConnectedError while the connection is not open
   * @throws ConnectionClosedError once it is closing or closed
   */
  ping(): Promise<number> {
    return this.#source.ping()
  }

  /**
   * Changes the heartbeat of this link; the next link starts with the options again. Accepts every value of the `heartbeat` option,
   * including `false`. If you pass only times that the current style has (`interval` and `timeout`, or `silence`), everything else stays
   * unchanged.
   *
   * @throws NotConnectedError while the connection is not open
   * @throws ConnectionClosedError once it is closing or closed
   * @throws TypeError for an invalid heartbeat, or if the current style does not have the given time
   * @throws RangeError if a time is not a number of milliseconds from 1 to 2147483647
   */
  configure(option: HeartbeatOption): void {
    this.#source.configure((present) => this.#read(option, present))
  }
}
