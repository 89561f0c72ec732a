import type { Episode } from './episode.js'

/** What is known of a connection's links, the present one or else the last: its url, its latency, its last sign of life. */
export class Vitals {
  readonly #current: () => Episode | undefined
  #url: string | undefined
  #lastSeen: number | undefined

  constructor(current: () => Episode | undefined) {
    this.#current = current
  }

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    return this.#current()?.link.url ?? this.#url
  }

  /** The last measured round trip of the present link, in milliseconds. */
  get latency(): number | undefined {
    const episode = this.#current()
    return episode?.loss ? undefined : episode?.latency
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.#current()?.link.lastSeen ?? this.#lastSeen
  }

  /** Remembers what is to be known of a link that goes. */
  remember({ link }: Episode): void {
    this.#url = link.url
    this.#lastSeen = link.lastSeen ?? this.#lastSeen
  }
}
