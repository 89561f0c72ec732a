import { compilerMetadata, defineCompilerMetadata } from './reflect.js'
import { mergeClientOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'
import type { Class, Provider, Token } from '../core/token.js'

/** Key that a message is routed by. */
export type MessageKey = string | number

/** A class of errors that `@OnError` can name. */
export type ErrorClass<E extends Error = Error> = abstract new (...args: never[]) => E

/** Events that have handlers, and `option`: a method that is an option of its client. */
export const HANDLER_EVENTS = [
  'open',
  'message',
  'binary',
  'ping',
  'pong',
  'stateChange',
  'error',
  'closing',
  'close',
  'option',
] as const

export type HandlerEvent = (typeof HANDLER_EVENTS)[number]

/** Record that one decorator made of one method. */
export interface HandlerRecord {
  readonly event: HandlerEvent
  /** The decorator as it was written: `@OnMessage('ticker')`. */
  readonly decorator: string
  readonly member: string | symbol
  /**
   * Kind of member that the decorator is on. Only methods can be handlers, and members that `defineHandlers` names. `uncalled`: the decorator
   * was written without its parentheses.
   */
  readonly kind:
    | 'method'
    | 'named'
    | 'static member'
    | 'private member'
    | 'accessor'
    | 'property'
    | 'parameter'
    | 'class'
    | 'uncalled'
  /** The decorator's arguments: a key, a schema, or both, and options; a class of errors; or the name of an option. */
  readonly args: readonly unknown[]
}

/** The options of `@WebSocketClient`: the defaults of the class, over which those of `bootstrap` win. */
export interface WebSocketClientOptions extends ConnectionOptions {
  /** The tokens of the constructor's parameters, in order, for compilers that emit no types (esbuild, tsx, swc by default). */
  readonly inject?: readonly Token[] | undefined
}

/** A client of a module, and options that go over those of its class. */
export interface ClientEntry extends ConnectionOptions {
  readonly use: Class
  /** `false` lets the application be ready before this client is; it goes on trying. @default true */
  readonly waitForOpen?: boolean | undefined
  /** Providers of this client's connection alone. They win over those of the modules, and may inject what the connection has. */
  readonly provide?: readonly Provider[] | undefined
}

/** Options of `@Module`. */
export interface ModuleOptions {
  readonly imports?: readonly Class[] | undefined
  readonly providers?: readonly Provider[] | undefined
  readonly clients?: readonly (Class | ClientEntry)[] | undefined
}

/** Records that decorators made on one target. */
interface Records {
  handlers?: readonly HandlerRecord[]
  /** Argument of `@WebSocketClient`, unchecked. Written without parentheses, it received the class. */
  client?: unknown
  module?: unknown
  /** The version of the copy of Holdfast that the class is a part of. */
  version?: string
}

const REGISTRY = Symbol.for('holdfast:records')

/** Shared through the global registry: a package may load a second copy of Holdfast, and its decorators count, too. */
const records = ((globalThis as { [REGISTRY]?: WeakMap<object, Records> })[REGISTRY] ??= new WeakMap())

function recordsOf(target: object): Records {
  let own = records.get(target)
  if (!own) {
    own = {}
    records.set(target, own)
  }
  return own
}

/** Where tsyringe's `@inject` keeps the tokens of a constructor's parameters. */
const TSYRINGE_TOKENS = 'injectionTokens'

/** Adds a record to the target's own; what it inherits stays as it is. */
export function recordHandler(target: object | undefined, record: HandlerRecord): void {
  // A field under standard decorators without metadata leaves no trace of its class.
  if (target === undefined) return
  recordsOf(target).handlers = [...ownHandlers(target), record]
}

export function recordClient(target: object, given: unknown): void {
  recordsOf(target).client = given
}

export function recordModule(target: object, given: unknown): void {
  recordsOf(target).module = given
}

/** Returns the unchecked arguments of a class's own `@WebSocketClient` and `@Module`. */
export function givenToDecorators(target: object): { readonly client?: unknown; readonly module?: unknown } {
  return records.get(target) ?? {}
}

/** Marks a class as a part of this copy of Holdfast. */
export function recordVersion(target: object, version: string): void {
  recordsOf(target).version = version
}

/** Returns the version of the copy of Holdfast that a class is a part of; `undefined` for other classes. */
export function versionOf(target: object): string | undefined {
  return records.get(target)?.version
}

/** Takes options as they are; anything else that a decorator was given stands for no options. */
function optionsOf(given: unknown): object | undefined {
  if (given === undefined) return undefined
  return isOptions(given) ? given : {}
}

/** Returns true if the argument of a decorator has the form of options. */
export function isOptions(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

/** Returns what a target itself has recorded. */
export function ownHandlers(target: object): readonly HandlerRecord[] {
  return records.get(target)?.handlers ?? []
}

/** Returns the options of a class's own `@WebSocketClient`, if it has one. */
export function ownClientOptions(target: object): WebSocketClientOptions | undefined {
  return optionsOf(records.get(target)?.client)
}

/** Returns the options of a class's `@WebSocketClient`, laid over those of the classes that it extends. */
export function clientOptions(target: object): WebSocketClientOptions | undefined {
  const base = Object.getPrototypeOf(target) as object | null
  const inherited = base ? clientOptions(base) : undefined
  const own = ownClientOptions(target)
  return own && inherited ? mergeClientOptions(inherited, own) : (own ?? inherited)
}

export function moduleOptions(target: object): ModuleOptions | undefined {
  return optionsOf(records.get(target)?.module)
}

/** Returns what a compiler of standard decorators keeps of a class itself, under the name that esbuild and tsc agree on. */
export function standardMetadata(target: object): object | undefined {
  const { metadata } = Symbol as { metadata?: symbol }
  const key = metadata ?? Symbol.for('Symbol.metadata')
  return Object.getOwnPropertyDescriptor(target, key)?.value as object | undefined
}

/**
 * Returns what a class's own constructor asks for, as the compiler and tsyringe's `@inject` have noted it; `undefined` where
 * nothing is noted. It has holes where only some parameters are named.
 */
export function ownConstructorTokens(target: object): readonly unknown[] | undefined {
  const types = compilerMetadata('design:paramtypes', target) as unknown[] | undefined
  const named = compilerMetadata(TSYRINGE_TOKENS, target) as Record<string, unknown> | undefined
  if (!named) return types
  const tokens = types?.slice() ?? []
  for (const [index, token] of Object.entries(named)) tokens[Number(index)] = token
  return tokens
}

/** Tells whether a class's compiler notes types, which each of its handlers shows; `undefined` where it has none. */
export function emitsTypes(target: Class): boolean | undefined {
  const prototype = target.prototype as object
  const handlers = ownHandlers(prototype)
  const method = handlers.find(({ kind }) => kind === 'method')
  if (method) return compilerMetadata('design:type', prototype, method.member) !== undefined
  return standardMetadata(target) || handlers.some(({ kind }) => kind === 'named') ? false : undefined
}

/** Tells what a class's constructor asks for, in the place where tsyringe reads it. */
export function nameConstructorTokens(target: object, tokens: readonly unknown[]): void {
  defineCompilerMetadata('design:paramtypes', [...tokens], target)
}
