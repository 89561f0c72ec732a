import type { Episode } from '../session/session.js'

/** Who has the present one of a connection's links. */
export interface VitalsPort {
  readonly current: Episode | undefined
}

/** What is known of a connection's links, the present one or else the last: its url, its latency, its last sign of life. */
export class Vitals {
  readonly #port: VitalsPort
  #url: string | undefined
  #lastSeen: number | undefined

  constructor(port: VitalsPort) {
    this.#port = port
  }

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    return this.#port.current?.link.url ?? this.#url
  }

  /** The last measured round trip of the present link, in milliseconds. */
  get latency(): number | undefined {
    const episode = this.#port.current
    return episode?.loss ? undefined : episode?.latency
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.#port.current?.link.lastSeen ?? this.#lastSeen
  }

  /** Remembers what is to be known of a link that goes. */
  remember({ link }: Episode): void {
    this.#url = link.url
    this.#lastSeen = link.lastSeen ?? this.#lastSeen
  }
}
