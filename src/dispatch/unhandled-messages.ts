import type { Handler } from '../annotations/handler-table.js'
import { describeValue } from '../core/describe-value.js'
import { excerptOf } from '../core/error-text.js'
import type { Logger } from '../core/logger.js'
import { isKey } from '../messages/route.js'

/** Maximum number of different keys that are logged, so that a peer cannot exhaust memory or flood the log. */
const MAX_KEYS = 100

/** Maximum length of a logged key or property name. */
const MAX_KEY_LENGTH = 100

/** Maximum number of logged properties per message. */
const MAX_PROPERTIES = 10

/** Maximum number of messages without a key whose properties are read. */
const MAX_KEYLESS = 100

const STATS = 'connection.stats.unhandledMessages'
const ONCE = `(logged once; see ${STATS})`

/** Handlers of a class, by key. */
type KeyedHandlers = ReadonlyMap<unknown, Handler>

/** Logs once per key that it has no handler, and why a handler with a similar key does not match. */
export class UnhandledMessageLog {
  readonly #target: string
  readonly #logger: Logger
  readonly #handlers: KeyedHandlers
  readonly #seen = new Set<unknown>()
  readonly #shapes = new Set<string>()
  #keyless = 0
  #hasSeenBinary = false

  /** @param target name of the class */
  constructor(target: string, logger: Logger, handlers: KeyedHandlers) {
    this.#target = target
    this.#logger = logger
    this.#handlers = handlers
  }

  /** Returns true if this key has been logged. */
  hasNamed(key: unknown): boolean {
    return this.#seen.has(key)
  }

  /** True if no more keys are logged. */
  get isFull(): boolean {
    return this.#seen.size > MAX_KEYS
  }

  message(key: unknown, message: unknown): void {
    if (isKey(key)) this.#keyed(key, message)
    else if (this.#keyless < MAX_KEYLESS) this.#withoutKey(message)
  }

  binary(): void {
    if (this.#hasSeenBinary) return
    this.#hasSeenBinary = true
    this.#warn('binary frames', 'Add @OnBinary(), or use a codec that decodes them')
  }

  #keyed(key: string | number, message: unknown): void {
    if (this.isFull) return
    // Truncated before JSON copies it, not after, because a slice of a string keeps the whole string in memory.
    const name = typeof key === 'string' ? excerptOf(key, MAX_KEY_LENGTH) : key
    if (this.#seen.has(name)) return
    this.#warnOfPatterns()
    const text = JSON.stringify(name)
    this.#seen.add(typeof name === 'string' ? JSON.parse(text) : name)
    if (this.#seen.size > MAX_KEYS) {
      this.#logger.warn(
        `more than ${MAX_KEYS} unhandled keys in ${this.#target}; further keys are not logged (see ${STATS})`,
      )
      return
    }
    const near = this.#nearest(key)
    const hint = near ? `; ${near} differs only in case or type` : ''
    const fix = `Add @OnMessage(${text}), or @OnMessage() for the rest`
    this.#warn(`key ${text} (${describeShape(message)}${hint})`, fix)
  }

  #withoutKey(message: unknown): void {
    this.#keyless += 1
    const shape = describeShape(message)
    if (this.#shapes.has(shape)) return
    this.#warnOfPatterns()
    this.#shapes.add(shape)
    const fix = 'Set the route option to the property that contains the key, or add @OnMessage() for the rest'
    this.#warn(`messages without a key (${shape})`, fix)
  }

  #warn(what: string, fix: string): void {
    this.#logger.warn(`no handler in ${this.#target} for ${what}. ${fix} ${ONCE}`)
  }

  /** Returns the decorator of a handler whose key differs only in case or type. */
  #nearest(key: string | number): string | undefined {
    const text = String(key).toLowerCase()
    for (const [own] of this.#handlers) if (String(own).toLowerCase() === text) return decoratorOf(own)
    return undefined
  }

  /** Warns once about keys that look like patterns, which may be why a message is unhandled. */
  #warnOfPatterns(): void {
    if (this.#seen.size + this.#shapes.size > 0) return
    for (const [key, { name }] of this.#handlers) {
      if (typeof key !== 'string' || !key.includes('*')) continue
      const fix =
        key === '*'
          ? 'Use @OnMessage() for the rest'
          : 'Route by a part of the key, for example with keyPart() from holdfast/routes, or use @OnMessage() for the rest'
      this.#logger.warn(`${name}: ${decoratorOf(key)} is compared literally, not as a pattern. ${fix}`)
    }
  }
}

function decoratorOf(key: unknown): string {
  return `@OnMessage(${typeof key === 'string' ? `'${key}'` : String(key)})`
}

/** Describes a message by its properties, never by their values. */
function describeShape(message: unknown): string {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return describeValue(message)
  const names: string[] = []
  for (const name in message) {
    if (names.length === MAX_PROPERTIES) return `properties: ${names.join(', ')}, …`
    names.push(excerptOf(name, MAX_KEY_LENGTH))
  }
  return names.length === 0 ? 'no properties' : `properties: ${names.join(', ')}`
}
