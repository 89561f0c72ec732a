import { handlersOf } from '#src/annotations/handler-table.js'
import type { MessageHandler } from '#src/annotations/handler-table.js'
import type { Class } from 'holdfast'
import type { Script } from './script.js'
import { eventually } from '../support/eventually.js'

/** Events that a script need not cause. */
const RARE: readonly string[] = ['error', 'ping', 'pong']

/** Events that only a close causes. */
const LAST: readonly string[] = ['closing', 'close']

/** Maximum milliseconds until all handlers have been called. */
const TIME_LIMIT = 5_000

type Method = (this: object, ...args: unknown[]) => unknown

interface Watched {
  readonly event: string
  readonly method: string | symbol
  /** `Class#method`. */
  readonly name: string
  isCalled: boolean
}

/** Lists a handler for messages, and those that are tried after it. */
function withAlternatives(handler: MessageHandler | undefined): readonly MessageHandler[] {
  return handler ? [handler, ...withAlternatives(handler.alternative)] : []
}

/** Lists the handlers of a class, those that it inherits included. */
function watchedOf(target: Class): readonly Watched[] {
  const { single, messages, rest, errors, anyError } = handlersOf(target).table
  const watched = (event: string, { method, name }: MessageHandler): Watched => {
    return { event, method, name, isCalled: false }
  }
  return [
    ...Object.entries(single).map(([event, handler]) => watched(event, handler)),
    ...[...messages.values(), rest].flatMap(withAlternatives).map((handler) => watched('message', handler)),
    ...[...errors.values(), ...(anyError ? [anyError] : [])].map((handler) => watched('error', handler)),
  ]
}

/** Notes which handlers of some classes are called, and keeps the errors that reach them. */
export class HandlerCalls {
  readonly errors: Error[] = []
  readonly #script: Script
  readonly #watched: readonly Watched[]
  /** Number of asynchronous calls that have not completed. */
  #pending = 0

  constructor(classes: readonly Class[], script: Script) {
    this.#script = script
    this.#watched = classes.flatMap((target) => {
      const all = watchedOf(target)
      for (const watched of all) this.#watch(target.prototype as Record<string | symbol, Method>, watched)
      return all
    })
  }

  #watch(methods: Record<string | symbol, Method>, watched: Watched): void {
    const method = methods[watched.method] as Method
    const note = (argument: unknown): void => {
      watched.isCalled = true
      if (watched.event === 'error') this.errors.push(argument as Error)
    }
    const follow = (result: unknown): void => {
      if (!(result instanceof Promise)) return
      this.#pending += 1
      const settled = (): void => void (this.#pending -= 1)
      result.then(settled, settled)
    }
    methods[watched.method] = function (...args) {
      note(args[0])
      const result = method.apply(this, args)
      follow(result)
      return result
    }
  }

  #missing(except: readonly string[]): readonly string[] {
    const { uncalled = {} } = this.#script
    return this.#watched
      .filter(({ isCalled, event, method }) => !isCalled && !except.includes(event) && !(method in uncalled))
      .map(({ name }) => name)
  }

  /** Waits until all handlers have completed that a close does not call. */
  async settle(): Promise<void> {
    const isSettled = (): boolean => this.#pending === 0 && this.#missing([...RARE, ...LAST]).length === 0
    // `complaint` names the handlers that were not called.
    await eventually('all handlers have completed', isSettled, TIME_LIMIT).catch(() => undefined)
  }

  /** Returns the handlers that were not called, or that there was none to call. */
  complaint(): string | undefined {
    const missing = this.#missing(RARE)
    if (missing.length > 0)
      return `never called ${missing.join(', ')}: send what they handle, or give the reason under uncalled`
    if (this.#watched.some(({ isCalled }) => isCalled) || this.#script.uncalled) return undefined
    return 'called no handler: send what they handle, or give the reason under uncalled'
  }
}
