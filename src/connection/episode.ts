import type { Timer } from '../clock.js'
import { ReadyTimeoutError, UnhandledMessagesError, toError } from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import type { CloseInfo, Initiator } from './close-code.js'
import type { Link } from './link.js'
import type { Arrival, Session } from './listener.js'
import type { Patience } from './patience.js'
import type { Verdict } from './reconnect-policy.js'
import type { OpenInfo, Stage } from './state.js'

/** Why and how a link was lost, or an attempt failed. */
export interface Loss {
  readonly initiator: Initiator
  readonly stage: Stage
  readonly error?: Error
  readonly code?: number
  readonly reason?: string
  /** The code that this side closes with because of it. */
  readonly sentCode?: number
  /** What follows, where it is not the policy's to say. */
  readonly verdict?: Verdict
}

/** What an episode tells its machine. */
export interface EpisodePort {
  /** `@OnOpen` has settled well, and the link still lives. */
  becameReady(episode: Episode): void
  /** `@OnOpen` has thrown, or taken too long, while the link still lives. */
  openFailed(episode: Episode, error: Error): void
  /** Something to be reported, that changes nothing. */
  report(error: Error, stage: Stage, consequence: string): void
  /** True once nothing more is begun: `@OnOpen`'s outcome no longer matters. */
  isClosing(): boolean
}

/** One link's part in a connection: from the attempt, through `@OnOpen` and its messages, to `@OnClose`. */
export class Episode {
  readonly link: Link
  readonly attempt: number
  readonly #settings: ConnectionSettings
  readonly #patience: Patience
  readonly #port: EpisodePort
  #session: Session | undefined
  #opening: Promise<void> = Promise.resolve()
  #readyAt: number | undefined
  #drained: Promise<void> | undefined
  #isHandling = false
  /** Set once the link is lost or the attempt has failed: late events of it change nothing. */
  loss: Loss | undefined
  /** Settles with the `@OnError` of the loss. */
  reported: Promise<void> = Promise.resolve()

  constructor(link: Link, attempt: number, settings: ConnectionSettings, patience: Patience, port: EpisodePort) {
    this.link = link
    this.attempt = attempt
    this.#settings = settings
    this.#patience = patience
    this.#port = port
  }

  /** True once `@OnOpen` was called: it will have its `@OnClose`. */
  get hasOpened(): boolean {
    return this.#session !== undefined
  }

  /** When it was ready, by the monotonic clock. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  /** Runs `@OnOpen`, and what follows from how it ends. */
  open(session: Session, info: OpenInfo): void {
    this.#session = session
    this.#opening = this.#open(session, info)
  }

  async #open(session: Session, info: OpenInfo): Promise<void> {
    const { clock, readyTimeout } = this.#settings
    let isLate = false
    let timer: Timer | undefined
    const opened = session.opened(info)
    const late = new Promise<void>((resolve) => {
      if (readyTimeout === Infinity) return
      timer = clock.setTimeout(() => {
        isLate = true
        resolve()
        this.#fail(new ReadyTimeoutError(readyTimeout))
      }, readyTimeout)
    })
    const outcome = await Promise.race([opened, late])
    timer?.cancel()
    if (isLate || outcome === 'released') return
    if (outcome && outcome !== 'opened') this.#fail(toError(outcome.thrown))
    else this.#becomeReady(session)
  }

  #becomeReady(session: Session): void {
    if (this.loss === undefined && !this.#port.isClosing()) {
      this.#readyAt = this.#settings.clock.now()
      this.link.ready()
      this.#port.becameReady(this)
    }
    this.#isHandling = true
    session.ready()
  }

  #fail(error: Error): void {
    if (this.loss === undefined && !this.#port.isClosing()) this.#port.openFailed(this, error)
    else if (error !== this.link.signal.reason) this.#port.report(error, 'open', 'the connection has ended already')
  }

  /** Hands on what is for the handlers; until it is handled it counts as pending. */
  receive(arrival: Arrival): void {
    this.link.taken(arrival)
    this.#session?.receive(arrival)
  }

  pinged(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.loss) this.#session?.pinged(data)
  }

  ponged(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.loss) this.#session?.ponged(data)
  }

  /** Waits for `@OnOpen` and the handlers, so long at most; what is left then is given up, and reported. */
  drain(timeout: number): Promise<void> {
    this.#drained ??= this.#drain(timeout)
    return this.#drained
  }

  async #drain(timeout: number): Promise<void> {
    const session = this.#session
    if (!session) return
    const everything = Promise.all([this.reported, this.#opening]).then(async () => {
      if (this.#isHandling) await session.drained()
    })
    await this.#patience.lasts(everything, timeout)
    const count = session.discard()
    if (count === 0) return
    this.#port.report(new UnhandledMessagesError(count), 'handle', 'the connection has ended')
  }

  /** Runs `@OnClose` after all else, and waits for it so long at most. */
  async close(info: CloseInfo, timeout: number): Promise<void> {
    if (!this.#session) return
    if (await this.#patience.lasts(this.#session.closed(info), timeout)) return
    this.#port.report(new Error('@OnClose has not settled in time'), 'close', 'going on without it')
  }
}
