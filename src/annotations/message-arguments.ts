import { isSchema } from '../core/schema.js'
import type { Schema } from '../core/schema.js'

/** Options for `@OnMessage`. */
export interface OnMessageOptions {
  /**
   * Whether the method also handles messages that arrive while `@OnOpen` runs, one at a time and ahead of queued messages. Messages that it
   * sends then go out immediately, as inside `@OnOpen`.
   *
   * @default false; `true` for messages that `requests.duringOpen` recognizes, such as calls from OCPP servers
   */
  readonly duringOpen: boolean | undefined
}

/** Arguments of `@OnMessage`: a key, a schema, or both, followed by options. */
export interface MessageArguments {
  /** Key and schema as passed, not validated. */
  readonly names: readonly unknown[]
  readonly schema: Schema | undefined
  readonly options: OnMessageOptions
}

const NO_OPTIONS: OnMessageOptions = { duringOpen: undefined }

/** Splits the arguments of `@OnMessage` into key, schema and options. */
export function messageArguments(args: readonly unknown[]): MessageArguments {
  const last = args.at(-1)
  // An undefined second argument can be a schema that a circular import has left undefined.
  const hasOptions = isOptions(last) || (args.length === 3 && last === undefined)
  const names = hasOptions ? args.slice(0, -1) : args
  return { names, schema: names.find(isSchema), options: isOptions(last) ? last : NO_OPTIONS }
}

/** Recognizes options by property name, because schemas from libraries without Standard Schema can also be plain objects. */
function isOptions(argument: unknown): argument is OnMessageOptions {
  if (typeof argument !== 'object' || argument === null || isSchema(argument)) return false
  if (Object.getPrototypeOf(argument) !== Object.prototype) return false
  return 'duringOpen' in argument
}
