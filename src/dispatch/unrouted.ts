import type { Logger } from '../logger.js'

/** Past this many different keys nothing is logged any more: a peer must not fill the memory or the log. */
const MOST_KEYS = 100

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
    const isPrimitive = typeof key === 'string' || typeof key === 'number'
    const kind = isPrimitive ? JSON.stringify(key).slice(0, MOST_KEYS) : undefined
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
    if (this.#seen.has(kind) || this.#seen.size >= MOST_KEYS) return
    this.#seen.add(kind)
    this.#logger.warn(`${message} (said once; connection.unhandledMessages counts them)`)
  }
}
