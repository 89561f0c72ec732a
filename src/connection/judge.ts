import type { ConnectionSettings } from '../options.js'
import type { Episode } from './episode.js'
import { failureOf } from './loss.js'
import type { Loss } from './loss.js'
import { ReconnectPolicy } from './reconnect-policy.js'
import type { Failure, Verdict } from './reconnect-policy.js'

/** Puts a loss before the reconnect policy, with all that is known of it, and remembers what came of it. */
export class Judge {
  readonly #settings: ConnectionSettings
  readonly #policy: ReconnectPolicy
  readonly #lastMessage: () => unknown
  #troubleSince: number
  #lastFailure: Failure | undefined

  /** @param report called when a function of the `reconnect` option fails; the default then holds */
  constructor(settings: ConnectionSettings, lastMessage: () => unknown, report: (thrown: unknown) => void) {
    const { clock, random } = settings
    this.#settings = settings
    this.#lastMessage = lastMessage
    this.#troubleSince = clock.now()
    this.#policy = new ReconnectPolicy(settings.reconnect, { random, date: () => clock.date(), report })
  }

  /** The failure that was judged last. */
  get lastFailure(): Failure | undefined {
    return this.#lastFailure
  }

  /** The number that the next attempt will have. */
  get nextAttempt(): number {
    return this.#policy.nextAttempt
  }

  countAttempt(): number {
    return this.#policy.countAttempt()
  }

  /** Counts anew if a connection has been ready for long enough. */
  forgive(readyAt: number | undefined): void {
    const now = this.#settings.clock.now()
    if (readyAt !== undefined && this.#policy.forgiveAfter(now - readyAt)) this.#troubleSince = now
  }

  /** Says what follows from a loss, which it notes on the episode: its late events change nothing. */
  judge(episode: Episode, loss: Loss): Verdict {
    episode.loss = loss
    const { attempt, hasOpened: hasBeenOpen } = episode
    const elapsed = this.#settings.clock.now() - this.#troubleSince
    const facts = { attempt, elapsed, lastMessage: this.#lastMessage(), hasBeenOpen }
    this.#lastFailure = failureOf(loss, facts)
    return loss.verdict ?? this.#policy.judge(this.#lastFailure)
  }
}
