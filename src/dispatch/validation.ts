import type { MessageContext } from '../annotations/handler-contexts.js'
import type { MessageHandler } from '../annotations/handler-table.js'
import { MessageValidationError } from '../errors/message-errors.js'
import type { SchemaIssue, SchemaResult } from '../core/schema.js'
import { isThenable } from '../core/thenable.js'

/** A handler, and what its schema has made of the message. */
export interface Accepted {
  readonly handler: MessageHandler
  readonly value: unknown
}

/** What a message was routed by, and the frame that it came in: for the error. */
type MessageFacts = Pick<MessageContext, 'key' | 'raw'>

/**
 * Finds the handler of a chain whose schema accepts a message: the first one counts. A promise only where a schema gives one.
 *
 * @throws MessageValidationError when none does; also what a schema throws, which may reject the promise as well
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
    if (isThenable(result)) return Promise.resolve(result).then((settled) => this.#judge(handler, settled))
    return this.#judge(handler, result)
  }

  #judge(handler: MessageHandler, result: SchemaResult): Accepted | Promise<Accepted> {
    if (!result.issues) return { handler, value: result.value }
    // One by one: a message can have more wrong with it than a call can have arguments.
    for (const issue of result.issues) this.#issues.push(issue)
    return this.ask(handler.alternative)
  }
}
