import { isSchema } from '../core/schema.js'
import type { Schema } from '../core/schema.js'

/** Options of one `@OnMessage`. */
export interface OnMessageOptions {
  /**
   * Whether the method also handles messages that arrive while `@OnOpen` runs, one at a time, ahead of queued messages. Its sends then go
   * out immediately, as inside `@OnOpen`.
   *
   * @default false; `true` for messages that `requests.duringOpen` finds, such as calls from OCPP servers
   */
  readonly duringOpen: boolean | undefined
}

/** Arguments of `@OnMessage`: a key, a schema, or both; then options. */
export interface MessageArguments {
  /** Key and schema as written, unchecked. */
  readonly names: readonly unknown[]
  readonly schema: Schema | undefined
  readonly options: OnMessageOptions
}

const NO_OPTIONS: OnMessageOptions = { duringOpen: undefined }

/** Distinguishes the arguments of `@OnMessage`. */
export function messageArguments(args: readonly unknown[]): MessageArguments {
  const last = args.at(-1)
  // An undefined second argument can be a schema from a circular import.
  const hasOptions = isOptions(last) || (args.length === 3 && last === undefined)
  const names = hasOptions ? args.slice(0, -1) : args
  return { names, schema: names.find(isSchema), options: isOptions(last) ? last : NO_OPTIONS }
}

/** Recognizes options by their name, because schemas of libraries without Standard Schema can also be plain objects. */
function isOptions(argument: unknown): argument is OnMessageOptions {
  if (typeof argument !== 'object' || argument === null || isSchema(argument)) return false
  if (Object.getPrototypeOf(argument) !== Object.prototype) return false
  return 'duringOpen' in argument
}
