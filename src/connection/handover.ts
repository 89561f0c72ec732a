import type { Timer } from '../core/clock.js'
import type { ConnectionSettings } from '../options/options.js'
import { CloseCode } from '../link/close-code.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { Episode } from '../session/session.js'

/** What an overlap asks of its machine. */
export interface OverlapPort {
  /** Begins an episode beside the current one, and connects it. */
  beginRival(): Episode
}

/**
 * Make before break: a second episode, the rival, is opened while the current one lives, and takes its place once it is ready.
 *
 *   start() ──▶ rival ── its @OnOpen has settled: takeOver() ──▶ current; the old one is drained and closed, and then the new
 *                 │                                             one's messages are handled
 *                 └── it fails: the current one stays, and there may be another try after a delay
 */
export class Overlap {
  readonly #settings: ConnectionSettings
  readonly #port: OverlapPort
  #rival: Episode | undefined
  #replaced: Episode | undefined
  #handover: Deferred<void> | undefined
  #timer: Timer | undefined

  constructor(settings: ConnectionSettings, port: OverlapPort) {
    this.#settings = settings
    this.#port = port
  }

  get rival(): Episode | undefined {
    return this.#rival
  }

  get replaced(): Episode | undefined {
    return this.#replaced
  }

  /** True until nothing but the current episode is left. */
  get isBusy(): boolean {
    return this.#rival !== undefined || this.#replaced !== undefined
  }

  /** Begins a rival, unless there is one, or the last one is still being handed over to. */
  start(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.isBusy) this.#rival = this.#port.beginRival()
  }

  /** Begins a rival after so many milliseconds. */
  startIn(delay: number): void {
    this.#timer?.cancel()
    this.#timer = this.#settings.clock.setTimeout(() => this.start(), delay)
  }

  /** Makes the rival the successor of `old`; resolves when that one has had its `@OnClose`. */
  takeOver(old: Episode): Promise<void> {
    this.#rival = undefined
    this.#replaced = old
    this.#handover = deferred()
    void this.#retire(old)
    return this.#handover.promise
  }

  async #retire(old: Episode): Promise<void> {
    const { drainTimeout, closeTimeout } = this.#settings
    await old.idle(drainTimeout)
    old.link.close(CloseCode.NORMAL, 'replaced by a new connection', closeTimeout)
  }

  /** Notes that an episode other than the current one has ended, `@OnClose` included. */
  finished(episode: Episode): void {
    if (episode === this.#rival) this.#rival = undefined
    if (episode !== this.#replaced) return
    this.#replaced = undefined
    this.#handover?.resolve()
  }

  /** Gives the rival up, and begins none: the current episode is lost, or the connection is closing. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#rival || this.#rival.loss) return
    this.#rival.loss = { initiator: 'local', stage: 'connect' }
    this.#rival.link.terminate()
  }
}

/** All episodes that there are. */
export function allEpisodes(current: Episode | undefined, overlap: Overlap | undefined): Episode[] {
  return [current, overlap?.rival, overlap?.replaced].filter((each) => each !== undefined)
}
