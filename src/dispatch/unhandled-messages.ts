import { excerptOf } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'

/** Past this many different keys none is named any more: a peer must not fill the memory or the log. */
const MAX_KEYS = 100

/** So much of a key is named, and remembered. */
const MAX_KEY_LENGTH = 100

/** Says once per key that no handler takes it. */
export class UnhandledMessageLog {
  readonly #target: string
  readonly #logger: Logger
  readonly #seen = new Set<unknown>()

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
    if (this.#seen.has(kind) || this.#seen.size > MAX_KEYS) return
    this.#seen.add(kind)
    const isLast = this.#seen.size > MAX_KEYS
    const said = isLast
      ? `no handler of ${this.#target} takes messages with more than ${MAX_KEYS} different keys: no further one is named`
      : message
    this.#logger.warn(`${said} (said once; connection.stats.unhandledMessages counts them)`)
  }
}

/** Writes a key as a decorator would name it; `undefined` for what is none. */
function nameOf(key: unknown): string | undefined {
  if (typeof key === 'number') return String(key)
  // Cut before it is written anew, not after: a part that is cut out of a text holds on to the whole of it.
  return typeof key === 'string' ? JSON.stringify(excerptOf(key, MAX_KEY_LENGTH)) : undefined
}
