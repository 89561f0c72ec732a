import type { ClientOptionName } from '../annotations/client-option.js'
import type { Handler } from '../annotations/handler-table.js'
import type { AttemptInfo, PerAttempt } from '../connection/attempt-options.js'
import { MERGED_GROUPS, mergeClientOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'

type Options = Readonly<Record<string, unknown>>
type OptionFunction = (...args: readonly unknown[]) => unknown

/** The methods of one instance that are options of its client (`@ClientOption`), as functions. They can be called once it is bound. */
export class OptionMethods {
  readonly #methods: ReadonlyMap<ClientOptionName, Handler>
  readonly #functions = new Map<ClientOptionName, OptionFunction>()
  #instance: object | undefined

  constructor(methods: ReadonlyMap<ClientOptionName, Handler>) {
    this.#methods = methods
    for (const [name, handler] of methods) this.#functions.set(name, (...args) => this.#call(handler, args))
  }

  /** Returns the options of the class with those that are methods, except for `url`. A group that is off stays off. */
  #over(options: ConnectionOptions): ConnectionOptions {
    const result: Record<string, unknown> = { ...options }
    for (const [name, call] of this.#functions) {
      const [option, member] = split(name)
      if (name === 'url') continue
      if (member === undefined) result[option] = call
      else if (result[option] !== false) result[option] = { ...groupOf(result[option]), [member]: call }
    }
    return result
  }

  /** Returns the members of a group that the class has switched off, for options that switch it on again. */
  #membersOf(group: string): object {
    const members = [...this.#functions].filter(([name]) => name.startsWith(`${group}.`))
    return Object.fromEntries(members.map(([name, call]) => [split(name)[1], call])) as object
  }

  /** Lays options over those of the class and its methods: groups that merge by name keep the methods, also if the class has them off. */
  merge(own: ConnectionOptions, layers: readonly (ConnectionOptions | undefined)[]): ConnectionOptions {
    const over = this.#over(own)
    const off = MERGED_GROUPS.filter((group) => (over as Options)[group] === false)
    const merged = mergeClientOptions<ConnectionOptions>(over, ...layers)
    const on = off.filter((group) => (merged as Options)[group] !== false)
    const added = on.map((group) => [
      group,
      { ...this.#membersOf(group), ...groupOf((merged as Options)[group]) },
    ])
    return { ...merged, ...(Object.fromEntries(added) as object) }
  }

  /** Returns the function for `url`, if a method is. It is told the URL that the options name. */
  url(chosen: ConnectionOptions['url']): PerAttempt<string | URL> | undefined {
    const call = this.#functions.get('url')
    if (!call) return undefined
    return async (attempt) => {
      const url = typeof chosen === 'function' ? await chosen(attempt) : chosen
      return (await call(withUrl(attempt, url === undefined ? undefined : String(url)))) as string | URL
    }
  }

  /** Returns the methods that are not called, because other options replace them, each with its option. */
  replacedBy(
    options: ConnectionOptions,
  ): readonly { readonly name: ClientOptionName; readonly method: string }[] {
    return [...this.#methods]
      .filter(([name]) => name !== 'url' && valueOf(options, name) !== this.#functions.get(name))
      .map(([name, handler]) => ({ name, method: handler.name }))
  }

  bind(instance: object): void {
    this.#instance = instance
  }

  #call({ method, name }: Handler, args: readonly unknown[]): unknown {
    const instance = this.#instance as Readonly<Record<string | symbol, OptionFunction>> | undefined
    if (!instance)
      throw new Error(`${name} is an option, and its instance does not exist before the constructor returns`)
    return instance[method]?.(...args)
  }
}

function split(name: ClientOptionName): readonly [option: string, member?: string] {
  return name.split('.') as unknown as readonly [string, string?]
}

/** Returns the options of a group that a method is to join. */
function groupOf(value: unknown): object {
  // `concurrency: 4` is short for its limit; a text, as in `heartbeat: 'ping'`, stands for the defaults.
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
