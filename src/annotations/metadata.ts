import { compilerMetadata, defineCompilerMetadata } from './reflect.js'
import { mergeClientOptions } from '../options/merge-options.js'
import type { ConnectionOptions } from '../options/options.js'
import type { Class, Provider, Token } from '../core/token.js'

/** Key that a message is routed by. */
export type MessageKey = string | number

/** Error class that can be passed to `@OnError`. */
export type ErrorClass<E extends Error = Error> = abstract new (...args: never[]) => E

/** Events that can have handlers, and `option` for methods that are options of their client. */
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

/** Record of a decorator on a method. */
export interface HandlerRecord {
  readonly event: HandlerEvent
  /** Decorator as written: `@OnMessage('ticker')`. */
  readonly decorator: string
  readonly member: string | symbol
  /**
   * Kind of member that the decorator is on. Only `method` and `named` (listed in `defineHandlers`) can be handlers. `uncalled` means that
   * the decorator was written without parentheses.
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
  /** Arguments of the decorator: a key, a schema, or both, followed by options; an error class; or the name of an option. */
  readonly args: readonly unknown[]
}

/** Options for `@WebSocketClient`. They apply to every client of the class unless `bootstrap` or a module overrides them. */
export interface WebSocketClientOptions extends ConnectionOptions {
  /** Tokens of the constructor's parameters, in order. Required for compilers that emit no types (esbuild, tsx, and swc by default). */
  readonly inject?: readonly Token[] | undefined
}

/** A client in a module, and options that override those of its class. */
export interface ClientEntry extends ConnectionOptions {
  /** Class of the client. */
  readonly use: Class
  /** Whether `bootstrap` waits until this client is ready. With `false`, the client keeps trying in the background. @default true */
  readonly waitForOpen?: boolean | undefined
  /**
   * Providers for this client's connection only. They override providers in modules, and can inject anything that belongs to the
   * connection.
   */
  readonly provide?: readonly Provider[] | undefined
}

/** Options for `@Module`. */
export interface ModuleOptions {
  /** Modules to include. A module that is imported several times is included once. */
  readonly imports?: readonly Class[] | undefined
  /** Providers for the whole application. */
  readonly providers?: readonly Provider[] | undefined
  /** Clients to connect: a class, or a class with its own options. */
  readonly clients?: readonly (Class | ClientEntry)[] | undefined
}

/** Everything that decorators have recorded on one target. */
interface Records {
  handlers?: readonly HandlerRecord[]
  /** Argument of `@WebSocketClient`, not validated. If the decorator was written without parentheses, it is the class itself. */
  client?: unknown
  module?: unknown
  /** Version of the copy of Holdfast that the class belongs to. */
  version?: string
}

const REGISTRY = Symbol.for('holdfast:records')

/**
 * Shared through the global symbol registry, because an application can load a second copy of Holdfast, and the decorators of both copies
 * must work.
 */
const records = ((globalThis as { [REGISTRY]?: WeakMap<object, Records> })[REGISTRY] ??= new WeakMap())

function recordsOf(target: object): Records {
  let own = records.get(target)
  if (!own) {
    own = {}
    records.set(target, own)
  }
  return own
}

/** Key under which tsyringe's `@inject` stores the tokens of a constructor's parameters. */
const TSYRINGE_TOKENS = 'injectionTokens'

/** Key under which Nest's `@Inject` stores the tokens of a constructor's parameters. */
const NEST_TOKENS = 'self:paramtypes'

interface NestParameter {
  readonly index: number
  readonly param: unknown
}

/** A token from Nest's `@Inject`, which only Nest can resolve. */
export class NestToken {
  readonly token: unknown

  constructor(token: unknown) {
    this.token = token
  }
}

/** Adds a record to the target itself. Inherited records stay unchanged. */
export function recordHandler(target: object | undefined, record: HandlerRecord): void {
  // With standard decorators without metadata, a decorated field cannot be traced to its class.
  if (target === undefined) return
  recordsOf(target).handlers = [...ownHandlers(target), record]
}

export function recordClient(target: object, given: unknown): void {
  recordsOf(target).client = given
}

export function recordModule(target: object, given: unknown): void {
  recordsOf(target).module = given
}

/** Returns the arguments of a class's own `@WebSocketClient` and `@Module`, not validated. */
export function givenToDecorators(target: object): { readonly client?: unknown; readonly module?: unknown } {
  return records.get(target) ?? {}
}

/** Marks a class as belonging to this copy of Holdfast. */
export function recordVersion(target: object, version: string): void {
  recordsOf(target).version = version
}

/** Returns the version of the copy of Holdfast that a class belongs to; `undefined` for other classes. */
export function versionOf(target: object): string | undefined {
  return records.get(target)?.version
}

/** Returns options unchanged, and empty options for any other decorator argument. */
function optionsOf(given: unknown): object | undefined {
  if (given === undefined) return undefined
  return isOptions(given) ? given : {}
}

/** Returns true if a decorator argument is an options object. */
export function isOptions(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

/** Returns the records of the target itself, without inherited records. */
export function ownHandlers(target: object): readonly HandlerRecord[] {
  return records.get(target)?.handlers ?? []
}

/** Returns the options of a class's own `@WebSocketClient`, if it has one. */
export function ownClientOptions(target: object): WebSocketClientOptions | undefined {
  return optionsOf(records.get(target)?.client)
}

/** Returns the options of a class's `@WebSocketClient`, merged over those of its base classes. */
export function clientOptions(target: object): WebSocketClientOptions | undefined {
  const base = Object.getPrototypeOf(target) as object | null
  const inherited = base ? clientOptions(base) : undefined
  const own = ownClientOptions(target)
  return own && inherited ? mergeClientOptions(inherited, own) : (own ?? inherited)
}

export function moduleOptions(target: object): ModuleOptions | undefined {
  return optionsOf(records.get(target)?.module)
}

/**
 * Returns the metadata that a compiler stores on the class itself for standard decorators, under the name that esbuild and tsc both use.
 */
export function standardMetadata(target: object): object | undefined {
  const { metadata } = Symbol as { metadata?: symbol }
  const key = metadata ?? Symbol.for('Symbol.metadata')
  return Object.getOwnPropertyDescriptor(target, key)?.value as object | undefined
}

/**
 * Returns the tokens that the compiler and tsyringe's `@inject` have recorded for a class's own constructor; `undefined` if there are none.
 * The array has holes if only some parameters have tokens.
 */
export function ownConstructorTokens(target: object): readonly unknown[] | undefined {
  const types = compilerMetadata('design:paramtypes', target) as unknown[] | undefined
  const named = compilerMetadata(TSYRINGE_TOKENS, target) as Record<string, unknown> | undefined
  const ofNest = compilerMetadata(NEST_TOKENS, target) as readonly NestParameter[] | undefined
  if (!named && !ofNest) return types
  const tokens = types?.slice() ?? []
  for (const { index, param } of ofNest ?? []) tokens[index] = new NestToken(param)
  for (const [index, token] of Object.entries(named ?? {})) tokens[Number(index)] = token
  return tokens
}

/** Returns whether the compiler emitted types for a class, based on any of its decorated methods; `undefined` if it has none. */
export function emitsTypes(target: Class): boolean | undefined {
  const prototype = target.prototype as object
  const handlers = ownHandlers(prototype)
  const method = handlers.find(({ kind }) => kind === 'method')
  if (method) return compilerMetadata('design:type', prototype, method.member) !== undefined
  return standardMetadata(target) || handlers.some(({ kind }) => kind === 'named') ? false : undefined
}

/** Records a constructor's tokens where tsyringe reads them. */
export function nameConstructorTokens(target: object, tokens: readonly unknown[]): void {
  defineCompilerMetadata('design:paramtypes', [...tokens], target)
}

/** Records the tokens of `inject` where Nest reads them, for compilers that emit no types. */
export function nameNestTokens(target: object, tokens: readonly unknown[]): void {
  const parameters = tokens.map((param, index): NestParameter => ({ index, param }))
  defineCompilerMetadata(NEST_TOKENS, parameters, target)
}
