import type { ErrorContext } from '../annotations/handler-contexts.js'
import type { Handler, HandlerTable } from '../annotations/handler-table.js'
import type { HandlerConnection } from '../session/handler-connection.js'
import { reasonOf, toError } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import { errorChannel } from '../diagnostics/channels.js'
import { describeError as withoutDetails } from '../diagnostics/described-error.js'
import type { Invoker } from './invoker.js'
import { isThenable } from '../core/thenable.js'

/** Passes each error to the most specific `@OnError`, or to the logger. */
export class ErrorHandlers {
  readonly #table: HandlerTable
  readonly #invoker: Invoker
  readonly #logger: Logger

  constructor(table: HandlerTable, invoker: Invoker, logger: Logger) {
    this.#table = table
    this.#invoker = invoker
    this.#logger = logger
  }

  /**
   * Passes an error to its handler or the logger. Never throws or rejects.
   *
   * @param consequence consequence of the error, for the log
   */
  handle(error: Error, context: ErrorContext<HandlerConnection>, consequence: string): void | Promise<void> {
    if (errorChannel.hasSubscribers) publish(error, context)
    const handler = this.#handlerFor(error)
    if (!handler) {
      this.#log(error, context, consequence)
      return undefined
    }
    try {
      const result = this.#invoker.call(handler, error, context)
      if (!isThenable(result)) return undefined
      const isReleased = this.#invoker.closedDuringCall
      const settled = Promise.resolve(result).then(
        () => undefined,
        (thrown: unknown) => this.#onFailing(handler, thrown, error, context),
      )
      return isReleased ? undefined : settled
    } catch (thrown) {
      this.#onFailing(handler, thrown, error, context)
      return undefined
    }
  }

  /** Returns the handler for the most specific class of an error. */
  #handlerFor(error: Error): Handler | undefined {
    if (this.#table.errors.size === 0) return this.#table.anyError
    let prototype = Object.getPrototypeOf(error) as object | null
    while (prototype) {
      const handler = this.#table.errors.get(prototype)
      if (handler) return handler
      prototype = Object.getPrototypeOf(prototype) as object | null
    }
    return this.#table.anyError
  }

  #log(error: Error, context: ErrorContext<HandlerConnection>, consequence: string): void {
    const { stage, handler, fatal, count } = context
    const times = count > 1 ? `${count.toLocaleString('en')} times within 1 s` : ''
    const remarks = [consequence, times].filter(Boolean).join('; ')
    // Validation and encoding errors name the handler themselves.
    const place = handler === undefined || error.message.includes(handler) ? '' : `${handler} failed: `
    const line = `${stage}: ${place}${describeError(error)}${remarks && ` (${remarks})`}`
    if (stage === 'connect' && !fatal) this.#logger.warn(line, { err: error })
    else this.#logger.error(line, { err: error })
  }

  /** Publishes and logs the error of an `@OnError`. */
  #onFailing(
    handler: Handler,
    thrown: unknown,
    error: Error,
    { connection }: Pick<ErrorContext<HandlerConnection>, 'connection'>,
  ): void {
    if (errorChannel.hasSubscribers) {
      const context = { connection, stage: 'handle', handler: handler.name, fatal: false, count: 1 } as const
      publish(toError(thrown), context)
    }
    const line = `${handler.name} (@OnError) threw ${describeError(toError(thrown))} while handling ${describeError(error)}`
    this.#logger.error(line, { err: toError(thrown), handled: error })
  }
}

function publish(
  error: Error,
  { connection, stage, handler, fatal, count }: Omit<ErrorContext<HandlerConnection>, 'signal' | 'message'>,
): void {
  errorChannel.publish({
    ...connection.facts,
    error: withoutDetails(error),
    stage,
    handler,
    fatal,
    count,
  })
}

function describeError(error: Error): string {
  const reason = reasonOf(error)
  return reason === error.name ? reason : `${error.name}: ${reason}`
}
