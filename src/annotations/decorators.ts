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

/** A decorator for a method that can be called as `F` is, in TypeScript's legacy dialect and in the standard one. */
export interface HandlerDecorator<F extends (...args: never[]) => unknown> {
  (method: F, context: StandardMethodContext): void
  // Last: TypeScript explains why the last overload does not fit, and legacy decorators need the explanation most.
  <M extends F>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<M>): void
}

/** The part of a standard decorator's context that tells methods from other members. */
export interface StandardMethodContext {
  readonly kind: 'method'
  readonly name: string | symbol
}

/** A decorator for a class. */
export type ClientDecorator = (target: abstract new (...args: never[]) => object) => void

/**
 * Marks a class as a client and sets its options. Those of `bootstrap` win over them, and they win over those of a base class. Needed if
 * the constructor has parameters; tsyringe's own `@injectable()` works, too.
 */
export function WebSocketClient(options?: WebSocketClientOptions): ClientDecorator
export function WebSocketClient(given: unknown = {}): ClientDecorator | undefined {
  return classDecorator(recordClient, given)
}

/** Marks a class as a module, with its imports, providers and clients. The class itself stays empty. */
export function Module(options: ModuleOptions): ClientDecorator
export function Module(given: unknown = {}): ClientDecorator | undefined {
  return classDecorator(recordModule, given)
}

/** Makes a class decorator. Written without parentheses, it receives the class itself, which is recorded and stays unchanged. */
function classDecorator(
  record: (target: object, given: unknown) => void,
  given: unknown,
): ClientDecorator | undefined {
  if (typeof given !== 'function') return (target) => record(target, given)
  record(given, given)
  return undefined
}

/**
 * Runs after every connect: the first, each reconnect and each handover. The connection is ready when it completes, and no message of its
 * link is handled before. Messages sent inside it go out immediately, and its return value is sent. At most one per class.
 */
export function OnOpen(): HandlerDecorator<(open: OpenInfo, context: ConnectionContext) => unknown>
export function OnOpen(...args: readonly unknown[]): unknown {
  return handler('open', 'OnOpen', args)
}

/**
 * Handles messages with this key or, without one, all unhandled messages. The return value is sent.
 *
 * With a schema, the method gets what the schema makes of the message, and its parameter must accept that. What the schema does not
 * accept is a {@link MessageValidationError}, and the method does not see it. Several methods may take one key where each has a
 * schema of its own: they are asked in order.
 *
 * @param key what `route` finds in the message
 * @param schema any Standard Schema: zod, valibot, arktype and others
 * @param options `{ duringOpen: true }` for messages that cannot wait until `@OnOpen` has completed, such as the server's own calls
 */
export function OnMessage(
  key?: MessageKey,
  options?: OnMessageOptions,
): HandlerDecorator<(message: never, context: MessageContext) => unknown>
export function OnMessage<S extends Schema>(
  schema: S,
  options?: OnMessageOptions,
): HandlerDecorator<(message: SchemaOutput<S>, context: MessageContext) => unknown>
export function OnMessage(
  options: OnMessageOptions,
): HandlerDecorator<(message: never, context: MessageContext) => unknown>
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

/** Receives pings of the server. Holdfast answers them automatically. At most one per class. */
export function OnPing(): HandlerDecorator<(data: Uint8Array, context: ConnectionContext) => unknown>
export function OnPing(...args: readonly unknown[]): unknown {
  return handler('ping', 'OnPing', args)
}

/** Receives pongs of the server. At most one per class. */
export function OnPong(): HandlerDecorator<(data: Uint8Array, context: ConnectionContext) => unknown>
export function OnPong(...args: readonly unknown[]): unknown {
  return handler('pong', 'OnPong', args)
}

/** Receives every state of the connection, in order. `connection.state` may be further already. At most one per class. */
export function OnStateChange(): HandlerDecorator<
  (state: ConnectionState, context: ConnectionContext) => unknown
>
export function OnStateChange(...args: readonly unknown[]): unknown {
  return handler('stateChange', 'OnStateChange', args)
}

/**
 * Handles errors of a class or, without one, all errors that no other method handles. The most specific class wins.
 *
 * @param errorClass `Error`, or a class derived from it
 */
export function OnError(): HandlerDecorator<(error: Error, context: ErrorContext) => unknown>
export function OnError<E extends Error>(
  errorClass: ErrorClass<E>,
): HandlerDecorator<(error: E, context: ErrorContext) => unknown>
export function OnError(...errorClass: readonly unknown[]): unknown {
  return handler('error', 'OnError', errorClass)
}

/**
 * Says goodbye: runs before this side closes a ready link gracefully, by `close()`, `end()`, a shutdown signal or a handover, while sends
 * still pass. After `close()`, handlers have finished before; after `end()`, messages are still handled. The return value is sent, an async
 * iterable to its end. Errors have the stage `close`. It shares half of `closeTimeout` with handlers (`drainTimeout` in a handover), and is
 * not awaited after that.
 *
 * It does not run if the link is lost or closed by the server, nor before `reconnect()` and `terminate()`. At most one per class.
 */
export function OnClosing(): HandlerDecorator<(closing: ClosingInfo, context: ConnectionContext) => unknown>
export function OnClosing(...args: readonly unknown[]): unknown {
  return handler('closing', 'OnClosing', args)
}

/**
 * Runs once for each `@OnOpen`, after all messages of its link have been handled. At most one per class.
 */
export function OnClose(): HandlerDecorator<(close: CloseInfo, context: ConnectionContext) => unknown>
export function OnClose(...args: readonly unknown[]): unknown {
  return handler('close', 'OnClose', args)
}

/**
 * Makes a method an option of its client, so that the option sees the instance: the state that a URL or a heartbeat needs then lives in the
 * class. The method wins over the class's options of that name; those of a module's `clients` entry and of `bootstrap` win over it. The
 * exception is `url`: such a method is always called, with the URL that the other options name as `attempt.url`. At most one per option.
 *
 * @param name one of {@link ClientOptionName}, such as `'url'`, `'heartbeat.message'` or `'reconnect.shouldReconnect'`
 */
export function ClientOption<Name extends ClientOptionName>(
  name: Name,
): HandlerDecorator<ClientOptionMethods[Name]>
export function ClientOption(...name: readonly unknown[]): unknown {
  return handler('option', 'ClientOption', name)
}

/** Makes a decorator that only records and never throws: `bootstrap` reports all mistakes at once. */
function handler(event: HandlerEvent, name: string, args: readonly unknown[]): Recorder | undefined {
  if (isOnMember(args)) {
    recordUncalled(event, `@${name}`, args)
    return undefined
  }
  const decorator = `@${name}(${args.map(describeArgument).join(', ')})`
  return (target: object, member: unknown, descriptor?: unknown) => {
    if (isStandardContext(member)) {
      // Without metadata there is the method itself to record on; a field without it leaves no trace of its class.
      const { name: standardName, metadata } = member
      const kind = standardKindOf(member)
      recordHandler(metadata ?? target, { event, decorator, member: standardName, kind, args })
      return
    }
    const kind = kindOf(target, member, descriptor)
    recordHandler(target, { event, decorator, member: member as string | symbol, kind, args })
  }
}

/** The arguments that a compiler passes to the decorator of a member. */
type Member = readonly [target: object, member: string | symbol | StandardContext, descriptor?: unknown]

/**
 * Returns true if a decorator was written without its parentheses: then the compiler calls it with the member. No key, schema or options look
 * like these arguments.
 */
function isOnMember(args: readonly unknown[]): args is Member {
  const [target, member, descriptor] = args
  if (isStandardContext(member) && !isSchema(member)) return true
  const isTarget = typeof target === 'function' || (typeof target === 'object' && target !== null)
  if (args.length !== 3 || !isTarget || isSchema(target)) return false
  return (typeof member === 'string' || typeof member === 'symbol') && isDescriptor(descriptor)
}

/** A property has no descriptor, and a parameter has a number in its place. */
function isDescriptor(given: unknown): boolean {
  if (given === undefined || typeof given === 'number') return true
  return typeof given === 'object' && given !== null && 'configurable' in given
}

function recordUncalled(event: HandlerEvent, decorator: string, [target, member]: Member): void {
  const record = { event, decorator, kind: 'uncalled', args: [] } as const
  if (!isStandardContext(member)) recordHandler(target, { ...record, member })
  else recordHandler(member.metadata ?? target, { ...record, member: member.name })
}

/** A decorator of both dialects. */
type Recorder = (target: object, member: unknown, descriptor?: unknown) => void

/** The context of any standard decorator (https://github.com/tc39/proposal-decorators). */
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

/** Shows an argument of a decorator as it may have been written. */
export function describeArgument(argument: unknown): string {
  if (isSchema(argument)) return `a ${argument['~standard'].vendor} schema`
  if (typeof argument === 'function') return className(argument)
  if (typeof argument === 'object' && argument !== null) return '{…}'
  return typeof argument === 'string' ? `'${argument}'` : String(argument)
}
