import { setTimeout as sleep } from 'node:timers/promises'
import { handlersOf } from '#src/annotations/handler-table.js'
import { clientOptions, moduleOptions } from '#src/annotations/metadata.js'
import { bootstrap } from 'holdfast'
import type { Application, Class, Client, ClientOptions, Logger } from 'holdfast'
import type { PageScripts, Script } from './script.js'
import type { ScriptedServer } from './scripted-server.js'

/** Maximum milliseconds for one step. It is generous because machines are busy. */
const TIME_LIMIT = 10_000

/** Rejects if a promise takes too long. */
export async function within<T>(what: string, promise: T): Promise<Awaited<T>> {
  const timer = new AbortController()
  const late = sleep(TIME_LIMIT, undefined, { signal: timer.signal })
  const failure = late.then(() =>
    Promise.reject(new Error(`${what} did not complete within ${TIME_LIMIT} ms`)),
  )
  failure.catch(() => undefined)
  try {
    return await Promise.race([promise, failure])
  } finally {
    timer.abort()
  }
}

/** The server of one page, and the scripts that it follows. */
export class Stage {
  readonly server: ScriptedServer
  /** Warnings and errors that the clients logged. */
  readonly logged: string[] = []
  readonly #scripts: PageScripts
  /** Number of times that each name has been entered. */
  readonly #entered = new Map<string, number>()
  #abort = new AbortController()

  constructor(server: ScriptedServer, scripts: PageScripts) {
    this.server = server
    this.#scripts = scripts
  }

  /** Has the server follow the scripts of hosts only. */
  leave(): void {
    this.logged.length = 0
    this.#abort = new AbortController()
    this.server.peer = undefined
    this.server.current = undefined
    this.server.isSilent = false
  }

  /** Has the server follow the script of a class or of a function. */
  enter(name: string): Script {
    this.leave()
    const count = (this.#entered.get(name) ?? 0) + 1
    this.#entered.set(name, count)
    this.server.current = this.#scripts[`${name} ${count}`] ?? this.#scripts[name]
    return this.server.current ?? {}
  }

  /** Ends the start of a client that cannot succeed. */
  abort(reason: Error): void {
    this.#abort.abort(reason)
  }

  /** Starts a client or a module of clients. */
  async start(target: Class, { options }: Script): Promise<Client | Application> {
    const note = (line: string): void => void this.logged.push(line)
    const logger: Logger = { debug() {}, info() {}, warn: note, error: note }
    const all: ClientOptions = { logger, signal: this.#abort.signal, ...options }
    const { messages, rest, options: optionMethods } = handlersOf(target).table
    this.server.isSilent = !moduleOptions(target) && !messages.has('ticker') && !rest
    const hasUrl = moduleOptions(target) ?? clientOptions(target)?.url ?? optionMethods.has('url')
    const starting: Promise<Client | Application> = hasUrl
      ? bootstrap(target, all)
      : bootstrap(target, 'wss://feed.example.com', all)
    try {
      return await within(`bootstrap(${target.name})`, starting)
    } catch (error) {
      this.abort(error as Error)
      throw this.logged.length > 0 ? new Error(`${String(error)}; ${this.logged.join('; ')}`) : error
    }
  }

  /** Returns the errors that the script does not expect, or that an expected one is missing. */
  complaint(errors: readonly Error[], { errors: expected }: Script): string | undefined {
    const texts = [...this.logged, ...errors.map(String)]
    const unexpected = expected ? texts.filter((text) => !expected.test(text)) : texts
    if (unexpected.length > 0) return `reported ${unexpected.join('; ')}`
    return expected && texts.length === 0 ? `reported no error that matches ${String(expected)}` : undefined
  }
}
