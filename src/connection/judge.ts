import { toError } from '../errors/errors.js'
import type { ConnectionSettings } from '../options/options.js'
import type { Episode, EpisodeMachine } from '../session/session.js'
import { failureOf } from './disconnect.js'
import type { Loss } from './disconnect.js'
import { ReconnectPolicy } from './retry-policy.js'
import type { Failure, PolicySources, Verdict } from './retry-policy.js'

/** What a judge asks of its machine. */
export type JudgePort = Pick<EpisodeMachine, 'report' | 'traffic'>

/** Puts a loss before the reconnect policy, with all that is known of it, and remembers what came of it. */
export class Judge implements PolicySources {
  readonly #settings: ConnectionSettings
  readonly #policy: ReconnectPolicy
  readonly #port: JudgePort
  /** Whole, as all times that each connection keeps: a number with a fraction would be an object more. */
  #troubleSince: number
  #lastFailure: Failure | undefined

  constructor(settings: ConnectionSettings, port: JudgePort) {
    this.#settings = settings
    this.#port = port
    this.#troubleSince = Math.trunc(settings.clock.now())
    this.#policy = new ReconnectPolicy(settings.reconnect, this)
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
    const now = Math.trunc(this.#settings.clock.now())
    if (readyAt !== undefined && this.#policy.forgiveAfter(now - readyAt)) this.#troubleSince = now
  }

  /** Says what follows from a loss, which it notes on the episode: its late events change nothing. */
  judge(episode: Episode, loss: Loss): Verdict {
    episode.loss = loss
    const { attempt, hasOpened: hasBeenOpen } = episode
    const elapsed = this.#settings.clock.now() - this.#troubleSince
    const facts = { attempt, elapsed, lastMessage: this.#port.traffic.incoming.lastMessage, hasBeenOpen }
    this.#lastFailure = failureOf(loss, facts)
    return loss.verdict ?? this.#policy.judge(this.#lastFailure)
  }

  // --- what the policy asks ---------------------------------------------------------------------------------------------

  random(): number {
    return this.#settings.random()
  }

  date(): number {
    return this.#settings.clock.date()
  }

  report(thrown: unknown): void {
    this.#port.report(toError(thrown), 'connect', 'the default holds')
  }
}
