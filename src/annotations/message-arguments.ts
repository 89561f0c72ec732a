import { isSchema } from '../core/schema.js'
import type { Schema } from '../core/schema.js'

/** Options of one `@OnMessage`. */
export interface OnMessageOptions {
  /**
   * Whether the method also handles messages that arrive while `@OnOpen` runs: one at a time, before messages that wait. What it sends then
   * goes out immediately, as from `@OnOpen`. @default false; `true` for what `requests.duringOpen` finds, such as the calls of OCPP servers
   */
  readonly duringOpen: boolean | undefined
}

/** The arguments of `@OnMessage`: a key, a schema, or both; then options. */
export interface MessageArguments {
  /** The key and the schema as they were written, which may be anything. */
  readonly names: readonly unknown[]
  readonly schema: Schema | undefined
  readonly options: OnMessageOptions
}

const NO_OPTIONS: OnMessageOptions = { duringOpen: undefined }

/** Distinguishes the arguments of `@OnMessage`. */
export function messageArguments(args: readonly unknown[]): MessageArguments {
  const last = args.at(-1)
  // An undefined second argument may be a schema of a circular import.
  const hasOptions = isOptions(last) || (args.length === 3 && last === undefined)
  const names = hasOptions ? args.slice(0, -1) : args
  return { names, schema: names.find(isSchema), options: isOptions(last) ? last : NO_OPTIONS }
}

/** Schemas of libraries that do not follow Standard Schema may be plain objects, too: options are recognized by their name. */
function isOptions(argument: unknown): argument is OnMessageOptions {
  if (typeof argument !== 'object' || argument === null || isSchema(argument)) return false
  if (Object.getPrototypeOf(argument) !== Object.prototype) return false
  return 'duringOpen' in argument
}
