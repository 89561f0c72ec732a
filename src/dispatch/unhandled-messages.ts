import { excerptOf } from '../errors/errors.js'
import type { Logger } from '../core/logger.js'

/** Past this many different keys none is named any more: a peer must not fill the memory or the log. */
const MOST_KEYS = 100

/** So much of a key is named, and remembered. */
const MOST_OF_KEY = 100

/** Says once per key that no handler takes it. */
export class Unrouted {
  readonly #target: string
  readonly #logger: Logger
  #seen: Set<unknown> | undefined

  /** @param target the name of the class, for the message */
  constructor(target: string, logger: Logger) {
    this.#target = target
    this.#logger = logger
  }

  message(key: unknown): void {
    const kind = nameOf(key)
    this.#once(
      kind ?? 'keyless',
      kind
        ? `no handler of ${this.#target} takes messages with the key ${kind}: add @OnMessage(${kind}), or @OnMessage() for all the rest`
        : `no handler of ${this.#target} takes messages without a key: add @OnMessage() for all the rest, or set the route option`,
    )
  }

  binary(): void {
    this.#once(
      'binary frames',
      `no handler of ${this.#target} takes binary frames: add @OnBinary(), or a codec that decodes them`,
    )
  }

  #once(kind: unknown, message: string): void {
    this.#seen ??= new Set()
    if (this.#seen.has(kind) || this.#seen.size > MOST_KEYS) return
    this.#seen.add(kind)
    const isLast = this.#seen.size > MOST_KEYS
    const said = isLast
      ? `no handler of ${this.#target} takes messages with more than ${MOST_KEYS} different keys: no further one is named`
      : message
    this.#logger.warn(`${said} (said once; connection.unhandledMessages counts them)`)
  }
}

/** Writes a key as a decorator would name it; `undefined` for what is none. */
function nameOf(key: unknown): string | undefined {
  if (typeof key === 'number') return String(key)
  // Cut before it is written anew, not after: a part that is cut out of a text holds on to the whole of it.
  return typeof key === 'string' ? JSON.stringify(excerptOf(key, MOST_OF_KEY)) : undefined
}
