import type { CloseInfo } from '../session/disconnect.js'
import type { ClosingInfo } from '../session/session-handlers.js'
import type { ConnectionState, OpenInfo } from '../session/state.js'
import { isSchema } from '../core/schema.js'
import type { Schema, SchemaOutput } from '../core/schema.js'
import type { Class } from '../core/token.js'
import type { ClientOptionMethods, ClientOptionName } from './client-option.js'
import type { ConnectionContext, ErrorContext, MessageContext } from './handler-contexts.js'
import { WebSocketClient, describeArgument } from './decorators.js'
import type { OnMessageOptions } from './message-arguments.js'
import { recordHandler } from './metadata.js'
import type { ErrorClass, HandlerEvent, MessageKey, WebSocketClientOptions } from './metadata.js'

/** Names of methods of `T` that can be called with these arguments. */
export type MethodOf<T, Arguments extends readonly unknown[]> = {
  [Name in keyof T]: T[Name] extends (...args: never[]) => unknown
    ? T[Name] extends (...args: Arguments) => unknown
      ? Name
      : never
    : never
}[keyof T]

/**
 * Methods of a class by the event that they handle. Each entry of an array contains the arguments of a decorator, followed by the name of
 * the method.
 */
export interface HandlerMethods<T, Messages = unknown> {
  /** Method that runs each time a link opens, as with `@OnOpen()`. */
  readonly open?: MethodOf<T, [OpenInfo, ConnectionContext]> | undefined
  /**
   * One of these:
   *
   * - A method for all unhandled messages.
   * - An array of `[key, method]`, `[schema, method]`, `[key, schema, method]` or `method`.
   * - An object, if each key has one method: `{ key: method }`, `{ key: [schema, method] }`.
   *
   * Options come before the method, as in `[key, { duringOpen: true }, method]`.
   */
  readonly message?: Messages | undefined
  /** Method for binary frames, as with `@OnBinary()`. */
  readonly binary?: MethodOf<T, [Uint8Array, MessageContext]> | undefined
  /** Method for pings from the server, as with `@OnPing()`. */
  readonly ping?: MethodOf<T, [Uint8Array, ConnectionContext]> | undefined
  /** Method for pongs from the server, as with `@OnPong()`. */
  readonly pong?: MethodOf<T, [Uint8Array, ConnectionContext]> | undefined
  /** Method for every state of the connection, as with `@OnStateChange()`. */
  readonly stateChange?: MethodOf<T, [ConnectionState, ConnectionContext]> | undefined
  /** A method for all unhandled errors, or an array of `[ErrorClass, method]` or `method`. */
  readonly error?:
    | MethodOf<T, [Error, ErrorContext]>
    | readonly (
        MethodOf<T, [Error, ErrorContext]> | readonly [ErrorClass, MethodOf<T, [never, ErrorContext]>]
      )[]
    | undefined
  /** Method that runs before Holdfast closes a link gracefully, as with `@OnClosing()`. */
  readonly closing?: MethodOf<T, [ClosingInfo, ConnectionContext]> | undefined
  /** Method that runs once for each `open`, after all messages from the same link have been handled, as with `@OnClose()`. */
  readonly close?: MethodOf<T, [CloseInfo, ConnectionContext]> | undefined
  /** Methods that are options, by option name, as in `@ClientOption`: `{ 'heartbeat.message': 'beat' }`. */
  readonly option?: OptionMethods<T> | undefined
}

type OptionMethods<T> = { readonly [Name in ClientOptionName]?: OptionMethodOf<T, Name> }

/** Names of methods of `T` that can be this option. */
export type OptionMethodOf<T, Name extends ClientOptionName> = {
  [Member in keyof T]: T[Member] extends ClientOptionMethods[Name] ? Member : never
}[keyof T]

/** Type that `message` must have, derived from its actual type: the output of each schema must be assignable to its method's parameter. */
export type MessageMethods<T, Messages> = Messages extends readonly unknown[]
  ? { readonly [Index in keyof Messages]: MessageMethod<T, Messages[Index]> }
  : Messages extends object
    ? { readonly [Key in keyof Messages]: KeyedMethod<T, Messages[Key]> }
    : AnyMessage<T>

type AnyMessage<T> = MethodOf<T, [never, MessageContext]>

type KeyedMethod<T, Entry> = Entry extends readonly [infer S extends Schema, ...infer Rest]
  ? readonly [S, ...WithOptions<Rest, MethodOf<T, [SchemaOutput<S>, MessageContext]>>]
  : Entry extends readonly unknown[]
    ? WithOptions<Entry, AnyMessage<T>>
    : AnyMessage<T>

type MessageMethod<T, Entry> = Entry extends readonly [MessageKey, infer S extends Schema, ...infer Rest]
  ? readonly [MessageKey, S, ...WithOptions<Rest, MethodOf<T, [SchemaOutput<S>, MessageContext]>>]
  : Entry extends readonly [infer S extends Schema, ...infer Rest]
    ? readonly [S, ...WithOptions<Rest, MethodOf<T, [SchemaOutput<S>, MessageContext]>>]
    : Entry extends readonly [object, unknown]
      ? WithOptions<Entry, AnyMessage<T>>
      : Entry extends readonly [unknown, ...infer Rest]
        ? readonly [MessageKey, ...WithOptions<Rest, AnyMessage<T>>]
        : AnyMessage<T>

/** A method, preceded by its options if there are any. */
type WithOptions<Entry, Method> = Entry extends readonly [unknown, unknown]
  ? readonly [OnMessageOptions, Method]
  : readonly [Method]

/**
 * Makes methods of a class handlers without decorators, for plain JavaScript and for runtimes that only strip types. The result is the same
 * as with decorators. Never throws if `handlers` or `options` is invalid, because `bootstrap` reports that.
 *
 * @param target the class, which also inherits the handlers of its base classes
 * @param handlers method names by event
 * @param options options of the class, as in `@WebSocketClient`; `inject` lists the constructor's tokens
 */
export function defineHandlers<T extends object, const Messages = undefined>(
  target: Class<T>,
  handlers: HandlerMethods<T, Messages & MessageMethods<T, Messages>>,
  options?: WebSocketClientOptions,
): void {
  // Plain JavaScript can omit `handlers`; bootstrap then reports that the class has no handlers.
  for (const [event, given] of Object.entries((handlers as object | undefined) ?? {}) as [
    HandlerEvent,
    unknown,
  ][]) {
    if (given === undefined) continue
    for (const entry of MAPPED.includes(event) && isMap(given) ? listOf(given) : [given].flat()) {
      record(target, event, [entry].flat())
    }
  }
  if (options) WebSocketClient(options)(target)
}

/** Events whose methods can be listed in an object. */
const MAPPED: readonly HandlerEvent[] = ['message', 'option']

function isMap(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given) && !isSchema(given)
}

/** Converts an object to an array of entries. JavaScript does not distinguish `{ 7: … }` from `{ '7': … }`, so such a key matches both. */
function listOf(map: object): readonly unknown[] {
  return Object.entries(map).flatMap(([key, entry]: [string, unknown]) => {
    const keys: readonly MessageKey[] = String(Number(key)) === key ? [key, Number(key)] : [key]
    return keys.map((each) => [each, entry].flat())
  })
}

function record(target: Class, event: HandlerEvent, entry: readonly unknown[]): void {
  const args = entry.slice(0, -1)
  const member = entry.at(-1) as string | symbol
  const decorator = `${event}: [${entry.map(describeArgument).join(', ')}]`
  recordHandler(target.prototype as object, { event, decorator, member, kind: 'named', args })
}
