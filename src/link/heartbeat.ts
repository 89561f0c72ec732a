import { describeValue } from '../core/describe-value.js'

/** How liveness is checked, defaults filled in. */
export type HeartbeatSettings =
  | { readonly style: 'ping'; readonly interval: number; readonly timeout: number }
  | {
      readonly style: 'message'
      readonly interval: number
      readonly timeout: number
      readonly message: () => unknown
      readonly isReply?: (message: unknown) => boolean
    }
  | { readonly style: 'silence'; readonly silence: number }
  | { readonly style: 'off' }

export const HEARTBEAT_DEFAULTS = { interval: 20_000, timeout: 10_000 } as const

/** The times of a heartbeat that can change while a connection is open, in milliseconds. */
export interface HeartbeatTimes {
  readonly interval?: number
  readonly timeout?: number
  readonly silence?: number
}

/** What a {@link Heartbeat} reads and drives: the connection's current link. */
export interface HeartbeatSource {
  readonly latency: number | undefined
  readonly lastSeen: number | undefined
  ping(): Promise<number>
  configure(times: HeartbeatTimes): void
}

/** The heartbeat of one connection. Inject it to read the latency, to ping, or to follow an interval that the server announces. */
export class Heartbeat {
  readonly #source: HeartbeatSource

  /** @internal */
  constructor(source: HeartbeatSource) {
    this.#source = source
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
   * Changes the heartbeat's times, in milliseconds, now and for all later connections of this client.
   *
   * @throws TypeError when the heartbeat's style has no such time
   * @throws RangeError when a time is not a positive number
   */
  configure(times: HeartbeatTimes): void {
    this.#source.configure(times)
  }
}

/**
 * Returns the settings with new times.
 *
 * @throws TypeError when the style has no such time
 * @throws RangeError when a time is not a positive number
 */
export function withTimes(settings: HeartbeatSettings, times: HeartbeatTimes): HeartbeatSettings {
  for (const [name, value] of Object.entries(times) as [keyof HeartbeatTimes, unknown][]) {
    if (value === undefined) continue
    if (!(name in settings)) {
      throw new TypeError(
        `A heartbeat of style '${settings.style}' has no ${name}: set it in the heartbeat option first`,
      )
    }
    if (typeof value !== 'number' || !(value > 0) || value === Infinity) {
      const given = typeof value === 'number' ? value : describeValue(value)
      throw new RangeError(`heartbeat.${name} must be a positive number of milliseconds, and was ${given}`)
    }
  }
  const given = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined))
  return { ...settings, ...given }
}
