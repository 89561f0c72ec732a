import type { CloseInfo } from '../session/disconnect.js'
import type { ClosingInfo } from '../session/session-handlers.js'
import type { ConnectionState, OpenInfo } from '../session/state.js'
import { isSchema } from '../core/schema.js'
import type { Schema, SchemaOutput } from '../core/schema.js'
import { className } from '../core/token.js'
import type { ClientOptionMethods, ClientOptionName } from './client-option.js'
import type { ConnectionContext, ErrorContext, MessageContext } from './handler-contexts.js'
import type { OnMessageOptions } from './message-arguments.js'
import { recordClient, recordHandler, recordModule } from './metadata.js'
import type {
  ErrorClass,
  HandlerEvent,
  HandlerRecord,
  MessageKey,
  ModuleOptions,
  WebSocketClientOptions,
} from './metadata.js'

/**
 * Decorator for methods that can be called like `F`. Works both as a legacy TypeScript decorator and as a standard decorator.
 *
 * @typeParam F signature that Holdfast calls
 */
export interface HandlerDecorator<F extends (...args: never[]) => unknown> {
  /** Decorates a method as a standard decorator. */
  (method: F, context: StandardMethodContext): void
  /**
   * Decorates a method as a legacy decorator.
   *
   * @typeParam M type of the method
   */
  // Last, because TypeScript reports why the last overload does not match, and users of legacy decorators need that message most.
  <M extends F>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<M>): void
}

/** Part of a standard decorator's context that distinguishes methods from other members. */
export interface StandardMethodContext {
  /** Kind of the decorated member. */
  readonly kind: 'method'
  /** Name of the decorated method. */
  readonly name: string | symbol
}

/** Class decorator. */
export type ClientDecorator = (target: abstract new (...args: never[]) => object) => void

/**
 * Marks a class as a client and sets its options. They override the options of a base class; options passed to `bootstrap` override both.
 * Required if the constructor has parameters, unless the class has tsyringe's `@injectable()`.
 */
export function WebSocketClient(options?: WebSocketClientOptions): ClientDecorator
export function WebSocketClient(given: unknown = {}): ClientDecorator | undefined {
  return classDecorator(recordClient, given)
}

/** Marks a class as a module and sets its imports, providers and clients. Leave the class itself empty. */
export function Module(options: ModuleOptions): ClientDecorator
export function Module(given: unknown = {}): ClientDecorator | undefined {
  return classDecorator(recordModule, given)
}

/** Returns a class decorator. If it is written without parentheses, `given` is the class itself; the class is then only recorded. */
function classDecorator(
  record: (target: object, given: unknown) => void,
  given: unknown,
): ClientDecorator | undefined {
  if (typeof given !== 'function') return (target) => record(target, given)
  record(given, given)
  return undefined
}

/**
 * Runs each time a link opens: on the first connect, on every reconnect and in every handover. The connection is ready when `@OnOpen`
 * completes; messages from this link are handled only after that. Messages sent inside `@OnOpen` go out immediately. The return value is
 * sent. At most one per class.
 */
export function OnOpen(): HandlerDecorator<(open: OpenInfo, context: ConnectionContext) => unknown>
export function OnOpen(...args: readonly unknown[]): unknown {
  return handler('open', 'OnOpen', args)
}

/**
 * Handles messages with this key or, if you pass no key, all unhandled messages. The return value is sent.
 *
 * @param key the key that `route` finds in the message
 * @param options pass `{ duringOpen: true }` for messages that cannot wait until `@OnOpen` completes, such as calls from the server
 */
export function OnMessage(
  key?: MessageKey,
  options?: OnMessageOptions,
): HandlerDecorator<(message: never, context: MessageContext) => unknown>
/**
 * Handles all messages that match the schema and that no other method handles. The method receives the schema's output. The return value is
 * sent.
 *
 * @param schema any Standard Schema: zod, valibot, arktype and others
 * @param options pass `{ duringOpen: true }` for messages that cannot wait until `@OnOpen` completes
 */
export function OnMessage<S extends Schema>(
  schema: S,
  options?: OnMessageOptions,
): HandlerDecorator<(message: SchemaOutput<S>, context: MessageContext) => unknown>
/**
 * Handles all unhandled messages. The return value is sent.
 *
 * @param options pass `{ duringOpen: true }` for messages that cannot wait until `@OnOpen` completes
 */
export function OnMessage(
  options: OnMessageOptions,
): HandlerDecorator<(message: never, context: MessageContext) => unknown>
/**
 * Handles messages with this key. The method receives the schema's output, and its parameter must accept that type. The return value is
 * sent.
 *
 * A message that does not match is reported as a {@link MessageValidationError}, and the method is not called. Several methods can share a
 * key if each has its own schema. They are tried in order.
 *
 * @param key the key that `route` finds in the message
 * @param schema any Standard Schema: zod, valibot, arktype and others
 * @param options pass `{ duringOpen: true }` for messages that cannot wait until `@OnOpen` completes, such as calls from the server
 */
export function OnMessage<S extends Schema>(
  key: MessageKey,
  schema: S,
  options?: OnMessageOptions,
): HandlerDecorator<(message: SchemaOutput<S>, context: MessageContext) => unknown>
export function OnMessage(...args: readonly unknown[]): unknown {
  return handler('message', 'OnMessage', args)
}

/** Handles binary frames, unless the codec decodes them as messages. The return value is sent. At most one per class. */
export function OnBinary(): HandlerDecorator<(data: Uint8Array, context: MessageContext) => unknown>
export function OnBinary(...args: readonly unknown[]): unknown {
  return handler('binary', 'OnBinary', args)
}

/** Receives pings from the server. Holdfast answers them automatically. At most one per class. */
export function OnPing(): HandlerDecorator<(data: Uint8Array, context: ConnectionContext) => unknown>
export function OnPing(...args: readonly unknown[]): unknown {
  return handler('ping', 'OnPing', args)
}

/** Receives pongs from the server. At most one per class. */
export function OnPong(): HandlerDecorator<(data: Uint8Array, context: ConnectionContext) => unknown>
export function OnPong(...args: readonly unknown[]): unknown {
  return handler('pong', 'OnPong', args)
}

/** Receives every state of the connection, in order. `connection.state` may already be a later state. At most one per class. */
export function OnStateChange(): HandlerDecorator<
  (state: ConnectionState, context: ConnectionContext) => unknown
>
export function OnStateChange(...args: readonly unknown[]): unknown {
  return handler('stateChange', 'OnStateChange', args)
}

/** Handles all errors that no other method handles. */
export function OnError(): HandlerDecorator<(error: Error, context: ErrorContext) => unknown>
/**
 * Handles errors of this class. The most specific class wins.
 *
 * @param errorClass `Error`, or a subclass
 */
export function OnError<E extends Error>(
  errorClass: ErrorClass<E>,
): HandlerDecorator<(error: E, context: ErrorContext) => unknown>
export function OnError(...errorClass: readonly unknown[]): unknown {
  return handler('error', 'OnError', errorClass)
}

/**
 * Runs before Holdfast closes a ready link gracefully (`close()`, `end()`, a shutdown signal or a handover), while messages can still be
 * sent.
 *
 * After `close()`, handlers have already finished; after `end()`, messages are still handled. The return value is sent; if it is an async
 * iterable, all its values are sent. Errors have the stage `close`. `@OnClosing` and the handlers together have half of `closeTimeout` (in
 * a handover, `drainTimeout`). After that, Holdfast no longer waits for it.
 *
 * Does not run if the link is lost or the server closes it, or before `reconnect()` or `terminate()`. At most one per class.
 */
export function OnClosing(): HandlerDecorator<(closing: ClosingInfo, context: ConnectionContext) => unknown>
export function OnClosing(...args: readonly unknown[]): unknown {
  return handler('closing', 'OnClosing', args)
}

/** Runs once for each `@OnOpen`, after all messages from the same link have been handled. At most one per class. */
export function OnClose(): HandlerDecorator<(close: CloseInfo, context: ConnectionContext) => unknown>
export function OnClose(...args: readonly unknown[]): unknown {
  return handler('close', 'OnClose', args)
}

/**
 * Uses a method as an option of its client. The method can access the instance, for example to read state that a URL or a heartbeat needs.
 *
 * The method overrides the option of that name on the class. Options in a module's `clients` entry and in `bootstrap` override the method.
 * The exception is `url`: the method is always called, and `attempt.url` is the URL from the other options. At most one per option.
 *
 * @param name one of {@link ClientOptionName}, such as `'url'`, `'heartbeat.message'` or `'reconnect.shouldReconnect'`
 */
export function ClientOption<Name extends ClientOptionName>(
  name: Name,
): HandlerDecorator<ClientOptionMethods[Name]>
export function ClientOption(...name: readonly unknown[]): unknown {
  return handler('option', 'ClientOption', name)
}

/** Returns a decorator that only records and never throws, because `bootstrap` reports all problems at once. */
function handler(event: HandlerEvent, name: string, args: readonly unknown[]): Recorder | undefined {
  if (isOnMember(args)) {
    recordUncalled(event, `@${name}`, args)
    return undefined
  }
  const decorator = `@${name}(${args.map(describeArgument).join(', ')})`
  return (target: object, member: unknown, descriptor?: unknown) => {
    if (isStandardContext(member)) {
      // Without metadata, the record is kept on the method itself. A decorated field then cannot be traced to its class.
      const { name: standardName, metadata } = member
      const kind = standardKindOf(member)
      recordHandler(metadata ?? target, { event, decorator, member: standardName, kind, args })
      return
    }
    const kind = kindOf(target, member, descriptor)
    recordHandler(target, { event, decorator, member: member as string | symbol, kind, args })
  }
}

/** Arguments that a compiler passes to the decorator of a member. */
type Member = readonly [target: object, member: string | symbol | StandardContext, descriptor?: unknown]

/**
 * Returns true if a decorator was written without parentheses. The compiler then calls it with the member, and keys, schemas and options
 * never look like those arguments.
 */
function isOnMember(args: readonly unknown[]): args is Member {
  const [target, member, descriptor] = args
  if (isStandardContext(member) && !isSchema(member)) return true
  const isTarget = typeof target === 'function' || (typeof target === 'object' && target !== null)
  if (args.length !== 3 || !isTarget || isSchema(target)) return false
  return (typeof member === 'string' || typeof member === 'symbol') && isDescriptor(descriptor)
}

/** Returns true for a descriptor. For a property, it is `undefined`; for a parameter, it is a number. */
function isDescriptor(given: unknown): boolean {
  if (given === undefined || typeof given === 'number') return true
  return typeof given === 'object' && given !== null && 'configurable' in given
}

function recordUncalled(event: HandlerEvent, decorator: string, [target, member]: Member): void {
  const record = { event, decorator, kind: 'uncalled', args: [] } as const
  if (!isStandardContext(member)) recordHandler(target, { ...record, member })
  else recordHandler(member.metadata ?? target, { ...record, member: member.name })
}

/** A decorator that works both as a legacy and as a standard decorator. */
type Recorder = (target: object, member: unknown, descriptor?: unknown) => void

/** Context of any standard decorator (https://github.com/tc39/proposal-decorators). */
interface StandardContext {
  readonly kind: 'class' | 'method' | 'getter' | 'setter' | 'field' | 'accessor'
  readonly name: string | symbol
  readonly static?: boolean
  readonly private?: boolean
  readonly metadata?: object
}

function isStandardContext(member: unknown): member is StandardContext {
  return typeof member === 'object' && member !== null && 'kind' in member
}

function standardKindOf(context: StandardContext): HandlerRecord['kind'] {
  if (context.kind === 'class') return 'class'
  if (context.static) return 'static member'
  if (context.private) return 'private member'
  if (context.kind === 'method') return 'method'
  return context.kind === 'field' ? 'property' : 'accessor'
}

function kindOf(target: object, member: unknown, descriptor: unknown): HandlerRecord['kind'] {
  if (member === undefined) return 'class'
  if (typeof descriptor === 'number') return 'parameter'
  if (typeof target === 'function') return 'static member'
  if (typeof descriptor !== 'object' || descriptor === null) return 'property'
  return typeof (descriptor as PropertyDescriptor).value === 'function' ? 'method' : 'accessor'
}

/** Formats a decorator argument as source code. */
export function describeArgument(argument: unknown): string {
  if (isSchema(argument)) return `a ${argument['~standard'].vendor} schema`
  if (typeof argument === 'function') return className(argument)
  if (typeof argument === 'object' && argument !== null) return '{…}'
  return typeof argument === 'string' ? `'${argument}'` : String(argument)
}
