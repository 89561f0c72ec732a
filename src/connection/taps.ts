import type { Clock } from '../core/clock.js'
import { reasonOf } from '../core/error-text.js'
import type { Link } from '../link/link.js'
import { tapLink } from '../session/tap-link.js'
import type { Tap, TapEvent, TapHandle } from '../diagnostics/taps.js'
import type { ConnectionParts } from './connection-parts.js'

/** Taps by connection. perf: outside the connections, so that those without a tap cost nothing. */
const tapsByConnection = new WeakMap<ConnectionParts, Taps>()

/** Returns the taps of a connection, if it has ever had any. */
export function tapsOf(connection: ConnectionParts): Taps | undefined {
  return tapsByConnection.get(connection)
}

/** Attaches a tap to the links that a connection has now, and to all later ones. */
export function tapConnection(connection: ConnectionParts, create: (clock: Clock) => Tap): TapHandle {
  const taps = tapsByConnection.get(connection) ?? new Taps(connection)
  tapsByConnection.set(connection, taps)
  const tap = create(connection.settings.clock)
  taps.add(tap)
  return { stop: () => taps.remove(tap), fail: (reason) => taps.fail(tap, reason) }
}

/** The taps of one connection. */
class Taps {
  readonly #connection: ConnectionParts
  readonly #taps = new Set<Tap>()
  /** Functions that detach the taps from each open link. */
  readonly #releases = new Map<Link, () => void>()

  constructor(connection: ConnectionParts) {
    this.#connection = connection
  }

  add(tap: Tap): void {
    const { links } = this.#connection
    this.#taps.add(tap)
    for (const { link } of links.openSessions) {
      if (!this.#releases.has(link)) this.#attach(link)
      this.#pass(tap, openingOf(link, links.url))
    }
  }

  remove(tap: Tap): void {
    this.#taps.delete(tap)
    if (this.#taps.size > 0) return
    for (const release of this.#releases.values()) release()
    this.#releases.clear()
  }

  /** Removes a tap, and logs the reason. */
  fail(tap: Tap, reason: unknown): void {
    if (!this.#taps.has(tap)) return
    this.remove(tap)
    this.#connection.warn(`Recording ended: ${reasonOf(reason)}`)
  }

  /** Called when a link has opened, before its `@OnOpen`. */
  onOpen(link: Link, url: string | undefined): void {
    if (this.#taps.size === 0) return
    this.#attach(link)
    this.#passToAll(openingOf(link, url))
  }

  onAttemptFailed(attempt: number, url: string | undefined, error: Error): void {
    this.#passToAll({ type: 'fail', attempt, url, error })
  }

  #attach(link: Link): void {
    const release = tapLink(link, (event) => {
      this.#passToAll(event)
      if (event.type === 'close') this.#releases.delete(link)
    })
    this.#releases.set(link, release)
  }

  #passToAll(event: TapEvent): void {
    for (const tap of this.#taps) this.#pass(tap, event)
  }

  #pass(tap: Tap, event: TapEvent): void {
    try {
      tap(event)
    } catch (thrown) {
      this.fail(tap, thrown)
    }
  }
}

function openingOf({ number, transport }: Link, url: string | undefined): TapEvent {
  return { type: 'open', link: number, url, protocol: transport.protocol }
}
