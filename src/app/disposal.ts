import type { Clock } from '../core/clock.js'
import type { SettleListener } from '../core/deferred.js'
import { reasonOf, toError } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import { StartupError } from '../errors/startup-error.js'
import type { Mistake } from '../errors/startup-error.js'
import { settlesWithin } from './settles-within.js'
import type { Disposables } from './disposables.js'

/** Disposes of everything that was created for one client, only once. Does not keep the container in memory. */
export class Disposal implements SettleListener {
  readonly #disposables: Disposables
  readonly #limits: DisposalLimits
  readonly #logger: Logger
  #done: Promise<void> | undefined

  constructor(disposables: Disposables, limits: DisposalLimits, logger: Logger) {
    this.#disposables = disposables
    this.#limits = limits
    this.#logger = logger
  }

  onSettled(): void {
    void this.run()
  }

  run(): Promise<void> {
    return (this.#done ??= disposeWithin(this.#disposables, this.#limits, this.#logger))
  }
}

interface DisposalLimits {
  readonly clock: Clock
  readonly closeTimeout: number
}

/** Disposes of everything that an injector has created, within `closeTimeout`. Failures and timeouts are logged. */
export async function disposeWithin(
  made: Pick<Disposables, 'dispose'>,
  { clock, closeTimeout }: DisposalLimits,
  logger: Logger,
): Promise<void> {
  const disposed = made.dispose().then((errors) => {
    for (const error of errors)
      logger.error(`close: a dispose method threw: ${reasonOf(error)}`, { err: error })
  })
  const isDone = await settlesWithin(disposed, closeTimeout, clock)
  if (!isDone)
    logger.error(
      `close: a dispose method did not complete within ${closeTimeout} ms (closeTimeout); no longer waiting for it`,
    )
}

/** Returns the error to throw after a constructor or a factory threw. A StartupError is returned unchanged. */
export function constructionError(
  target: string,
  { place, cause, fix }: Mistake,
  thrown: unknown,
): StartupError {
  if (thrown instanceof StartupError) return thrown
  const mistake = { place, cause: `${cause}: ${reasonOf(toError(thrown))}`, fix }
  return new StartupError(target, [mistake], { cause: thrown })
}
