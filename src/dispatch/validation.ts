import type { MessageContext } from '../annotations/handler-contexts.js'
import type { MessageHandler } from '../annotations/handler-table.js'
import { MessageValidationError } from '../errors/message-errors.js'
import type { SchemaIssue, SchemaResult } from '../core/schema.js'
import { isThenable } from '../core/thenable.js'

/** Handler, and the value that its schema returned for the message. */
export interface Accepted {
  readonly handler: MessageHandler
  readonly value: unknown
}

/** Key and frame of a message, for the error to report. */
type MessageFacts = Pick<MessageContext, 'key' | 'raw'>

/**
 * Returns the first handler in a chain whose schema accepts a message. Returns a promise only if a schema is asynchronous.
 *
 * @throws MessageValidationError if no schema accepts it; also rethrows errors thrown by schemas. If a promise was returned, it rejects
 * instead.
 */
export function validate(
  handler: MessageHandler,
  message: unknown,
  facts: MessageFacts,
): Accepted | Promise<Accepted> {
  return new Validation(handler, message, facts).ask(handler)
}

class Validation {
  readonly #first: MessageHandler
  readonly #message: unknown
  readonly #facts: MessageFacts
  readonly #issues: SchemaIssue[] = []

  constructor(first: MessageHandler, message: unknown, facts: MessageFacts) {
    this.#first = first
    this.#message = message
    this.#facts = facts
  }

  ask(handler: MessageHandler | undefined): Accepted | Promise<Accepted> {
    if (!handler) {
      const { key, raw } = this.#facts
      throw new MessageValidationError(this.#first.name, key, raw, this.#issues)
    }
    if (!handler.schema) return { handler, value: this.#message }
    const result = handler.schema['~standard'].validate(this.#message)
    if (isThenable(result)) return Promise.resolve(result).then((settled) => this.#decide(handler, settled))
    return this.#decide(handler, result)
  }

  #decide(handler: MessageHandler, result: SchemaResult): Accepted | Promise<Accepted> {
    if (!result.issues) return { handler, value: result.value }
    // One by one, because a message can have more issues than a call can take arguments.
    for (const issue of result.issues) this.#issues.push(issue)
    return this.ask(handler.alternative)
  }
}
