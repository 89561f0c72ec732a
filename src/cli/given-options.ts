import { parseDuration } from '../terminal/duration.js'
import { OPTION_ROWS } from './option-table.js'
import type { OptionRow } from './option-table.js'

/** An option on the command line, as `parseArgs` returns it. */
export interface OptionToken {
  readonly name: string
  /** Option as it was typed, with dashes. */
  readonly rawName: string
  readonly value: string | undefined
}

/** The options on a command line. Collects mistakes in options and values as they are read. */
export class GivenOptions {
  readonly #tokens: readonly OptionToken[]
  readonly #mistakes: string[] = []

  constructor(tokens: readonly OptionToken[]) {
    this.#tokens = tokens
    for (const token of tokens) this.#check(token)
  }

  get mistakes(): readonly string[] {
    return this.#mistakes
  }

  get hasUnknown(): boolean {
    return this.#tokens.some(({ name }) => rowOf(name) === undefined)
  }

  flag(name: string): boolean {
    return this.#tokens.some((token) => token.name === name)
  }

  /** Returns the values of an option that can be repeated. */
  all(name: string): readonly string[] {
    return this.#tokens.flatMap((token) => (token.name === name ? [token.value ?? ''] : []))
  }

  /** Returns the last value of an option. */
  one(name: string): string | undefined {
    return this.all(name).at(-1)
  }

  /** Returns the values of several options in the order in which they were given, with the kind of each. */
  ordered<K extends string>(kinds: Readonly<Record<string, K>>): { kind: K; value: string }[] {
    return this.#tokens.flatMap(({ name, value = '' }) => {
      const kind = kinds[name]
      return kind === undefined ? [] : [{ kind, value }]
    })
  }

  /** Returns an option's time in milliseconds. */
  duration(name: string, least = 1): number | undefined {
    const text = this.one(name)
    if (text === undefined || text === '') return undefined
    const duration = parseDuration(text)
    if (duration !== undefined && duration >= least) return duration
    this.#mistakes.push(`--${name}: expected a time such as 500ms or 2s, received '${text}'`)
    return undefined
  }

  /** Returns an option's positive integer. */
  count(name: string): number | undefined {
    const text = this.one(name)
    if (text === undefined || text === '') return undefined
    if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
    this.#mistakes.push(`--${name}: expected a positive integer, received '${text}'`)
    return undefined
  }

  #check({ name, rawName, value }: OptionToken): void {
    const row = rowOf(name)
    if (!row) this.#mistakes.push(`Unknown option ${rawName}${suggestion(name)}`)
    else if (row.value === undefined && value !== undefined)
      this.#mistakes.push(`${rawName} does not take a value`)
    else if (row.value !== undefined && (value ?? '') === '')
      this.#mistakes.push(`${rawName} needs a value: ${rawName} <${row.value}>`)
  }
}

function rowOf(name: string): OptionRow | undefined {
  return OPTION_ROWS.find((row) => row.name === name)
}

/** Returns the names that start with, or contain, an unknown one. */
function suggestion(unknown: string): string {
  const near = OPTION_ROWS.find(({ name }) => isNear(name, unknown))
  return near ? `. Did you mean --${near.name}?` : ''
}

/** Returns whether one name starts with the other, or they differ in one letter. */
function isNear(name: string, unknown: string): boolean {
  if (unknown.length < 3) return false
  if (name.startsWith(unknown) || unknown.startsWith(name)) return true
  return withoutOneLetter(name).some((shorter) => withoutOneLetter(unknown).includes(shorter))
}

function withoutOneLetter(name: string): readonly string[] {
  return [name, ...[...name].map((_, index) => name.slice(0, index) + name.slice(index + 1))]
}
