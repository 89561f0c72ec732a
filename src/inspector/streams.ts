import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../core/clock.js'
import type { Collector } from './collector.js'

/** Time between two events, in milliseconds. */
export const PERIOD = 1_000

/** Maximum number of pages that are open at the same time. */
export const MOST_STREAMS = 16

/** Number of unsent bytes at which a stream ends. The browser then opens another one. */
const MOST_UNSENT = 4_194_304

/** Time after which a browser reopens a lost stream, in milliseconds. */
const RETRY = 1_000

/** Sends what the collector finds to all open pages, as server-sent events: first everything, then once per second what has changed. */
export class Streams {
  readonly #clock: Clock
  readonly #collector: Collector
  /** The connection whose details each page shows. */
  readonly #open = new Map<ServerResponse, string | undefined>()
  #timer: Timer | undefined

  constructor(clock: Clock, collector: Collector) {
    this.#clock = clock
    this.#collector = collector
  }

  start(): void {
    this.#timer = this.#clock.setTimeout(() => this.#onTick(), PERIOD)
  }

  stop(): void {
    this.#timer?.cancel()
    for (const response of this.#open.keys()) response.end()
    this.#open.clear()
  }

  get isFull(): boolean {
    return this.#open.size >= MOST_STREAMS
  }

  /** Starts a stream. The headers have been sent. */
  open(response: ServerResponse, connection: string | undefined): void {
    this.#open.set(response, connection)
    response.once('close', () => this.#open.delete(response))
    const details = connection === undefined ? undefined : this.#collector.detailsOf(connection)
    response.write(`retry: ${RETRY}\n${eventOf('overview', { ...this.#collector.overview, details })}`)
  }

  #onTick(): void {
    this.start()
    const changes = this.#collector.takeChanges()
    const shown = new Set([...this.#open.values()].filter((name) => name !== undefined))
    const details = this.#collector.takeDetails(shown)
    for (const [response, name] of this.#open) {
      if (response.writableLength > MOST_UNSENT) response.destroy()
      else response.write(eventOf('changes', { ...changes, details: details.get(name ?? '') }))
    }
  }
}

function eventOf(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
