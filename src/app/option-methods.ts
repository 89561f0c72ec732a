import type { ClientOptionName } from '../annotations/client-option.js'
import type { Handler } from '../annotations/handler-table.js'
import type { AttemptInfo, PerAttempt } from '../attempt/attempt-options.js'
import { mergeClientOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'

type Options = Readonly<Record<string, unknown>>
type OptionFunction = (...args: readonly unknown[]) => unknown

/** An option that is a method, as a function. */
interface OptionMethod {
  readonly name: ClientOptionName
  /** Name of the method in errors and logs, such as `TickerClient#url`. */
  readonly method: string
  readonly call: OptionFunction
}

/**
 * Methods of one instance that are options of its client (`@ClientOption`), as functions. The functions can be called once the instance is
 * bound.
 */
export class OptionMethods {
  readonly #url: OptionFunction | undefined
  /** All methods except `url`, which other options do not override. */
  readonly #methods: readonly OptionMethod[]
  #instance: object | undefined

  constructor(handlers: ReadonlyMap<ClientOptionName, Handler>) {
    const methods = [...handlers].map(([name, handler]) => {
      return { name, method: handler.name, call: (...args: readonly unknown[]) => this.#call(handler, args) }
    })
    this.#url = methods.find(({ name }) => name === 'url')?.call
    this.#methods = methods.filter(({ name }) => name !== 'url')
  }

  /**
   * Merges the methods over the class's options, and other options over both. A group that the class turned off stays off unless the other
   * options set it.
   */
  merge(own: ConnectionOptions, layers: readonly (ConnectionOptions | undefined)[]): ConnectionOptions {
    const isGiven = (name: string): boolean =>
      layers.some((layer) => (layer as Options | undefined)?.[name] !== undefined)
    const off = Object.entries(own).filter(([name, value]) => value === false && !isGiven(name))
    return mergeClientOptions<ConnectionOptions>(this.#over(own), ...layers, Object.fromEntries(off))
  }

  #over(options: ConnectionOptions): ConnectionOptions {
    const result: Record<string, unknown> = { ...options }
    for (const { name, call } of this.#methods) {
      const [option, member] = split(name)
      result[option] = member === undefined ? call : { ...groupOf(result[option]), [member]: call }
    }
    return result
  }

  /** Returns the `url` function if a method provides it. The method receives the URL from the options. */
  url(chosen: ConnectionOptions['url']): PerAttempt<string | URL> | undefined {
    const call = this.#url
    if (!call) return undefined
    return async (attempt) => {
      const url = typeof chosen === 'function' ? await chosen(attempt) : chosen
      return (await call(withUrl(attempt, url === undefined ? undefined : String(url)))) as string | URL
    }
  }

  /** Returns the methods that are never called because other options override them, each with its option. */
  replacedBy(options: ConnectionOptions): readonly OptionMethod[] {
    return this.#methods.filter(({ name, call }) => valueOf(options, name) !== call)
  }

  bind(instance: object): void {
    this.#instance = instance
  }

  #call({ method, name }: Handler, args: readonly unknown[]): unknown {
    const instance = this.#instance as Readonly<Record<string | symbol, OptionFunction>> | undefined
    if (!instance) throw new Error(`Cannot call ${name}: the constructor has not returned yet`)
    return instance[method]?.(...args)
  }
}

function split(name: ClientOptionName): readonly [option: string, member?: string] {
  return name.split('.') as unknown as readonly [string, string?]
}

/** Returns the options of a group to which a method will be added. */
function groupOf(value: unknown): object {
  // `concurrency: 4` is short for `{ limit: 4 }`. A string, as in `heartbeat: 'ping'`, means the defaults.
  if (typeof value === 'number') return { limit: value }
  return typeof value === 'object' && value !== null ? value : {}
}

function valueOf(options: ConnectionOptions, name: ClientOptionName): unknown {
  const [option, member] = split(name)
  const value = (options as Options)[option]
  return member === undefined ? value : (value as Options | undefined)?.[member]
}

function withUrl(given: AttemptInfo, url: string | undefined): AttemptInfo {
  const { attempt, isReconnect, failure } = given
  return {
    attempt,
    isReconnect,
    failure,
    url,
    get signal() {
      return given.signal
    },
  }
}
