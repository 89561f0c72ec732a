import type { CloseInfo } from '../session/disconnect.js'
import type { ConnectionState, OpenInfo } from '../session/state.js'
import { isSchema } from '../core/schema.js'
import type { Schema, SchemaOutput } from '../core/schema.js'
import type { ConnectionContext, ErrorContext, MessageContext } from './handler-contexts.js'
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
  <M extends F>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<M>): void
  (method: F, context: StandardMethodContext): void
}

/** What a standard decorator of a method is told, as far as it matters here. */
export interface StandardMethodContext {
  readonly kind: 'method'
  readonly name: string | symbol
}

/** A decorator for a class. */
export type ClientDecorator = (target: abstract new (...args: never[]) => object) => void

/**
 * Marks a class as a client and gives its options' defaults, over which those of `bootstrap` win, and which win over those of a
 * class that it extends. Needed where the constructor has parameters; tsyringe's own `@injectable()` does as well.
 */
export function WebSocketClient(options: WebSocketClientOptions = {}): ClientDecorator {
  return (target) => recordClient(target, options)
}

/** Marks a class as a module: what it imports, provides, and connects. The class itself stays empty. */
export function Module(options: ModuleOptions): ClientDecorator {
  return (target) => recordModule(target, options)
}

/**
 * Marks the method that runs after every opening, the first and each reconnect. No message is handled before it has settled. What
 * it returns is sent. At most one per class.
 */
export function OnOpen(): HandlerDecorator<(open: OpenInfo, context: ConnectionContext) => unknown> {
  return handler('open', 'OnOpen', [])
}

/**
 * Marks the method for messages with this key, or, without one, for all that no other handler takes. What it returns is sent.
 *
 * With a schema, the method gets what the schema makes of the message, and its parameter must accept that. What the schema does not
 * accept is a {@link MessageValidationError}, and the method does not see it. Several methods may take one key where each has a
 * schema of its own: they are asked in order.
 *
 * @param key what `route` finds in the message
 * @param schema any Standard Schema: zod, valibot, arktype and others
 */
export function OnMessage(
  key?: MessageKey,
): HandlerDecorator<(message: never, context: MessageContext) => unknown>
export function OnMessage<S extends Schema>(
  schema: S,
): HandlerDecorator<(message: SchemaOutput<S>, context: MessageContext) => unknown>
export function OnMessage<S extends Schema>(
  key: MessageKey,
  schema: S,
): HandlerDecorator<(message: SchemaOutput<S>, context: MessageContext) => unknown>
export function OnMessage(...args: readonly unknown[]): Recorder {
  return handler('message', 'OnMessage', args)
}

/** Marks the method for binary frames, unless the codec takes them as messages. What it returns is sent. At most one per class. */
export function OnBinary(): HandlerDecorator<(data: Uint8Array, context: MessageContext) => unknown> {
  return handler('binary', 'OnBinary', [])
}

/** Marks the method that is told of the peer's pings, which are answered by themselves. At most one per class. */
export function OnPing(): HandlerDecorator<(data: Uint8Array, context: ConnectionContext) => unknown> {
  return handler('ping', 'OnPing', [])
}

/** Marks the method that is told of the peer's pongs. At most one per class. */
export function OnPong(): HandlerDecorator<(data: Uint8Array, context: ConnectionContext) => unknown> {
  return handler('pong', 'OnPong', [])
}

/** Marks the method that runs after each transition, in order. At most one per class. */
export function OnStateChange(): HandlerDecorator<
  (state: ConnectionState, context: ConnectionContext) => unknown
> {
  return handler('stateChange', 'OnStateChange', [])
}

/**
 * Marks the method for errors of a class, or, without one, for all that no other takes. The most specific class wins.
 *
 * @param errorClass `Error`, or a class derived from it
 */
export function OnError(): HandlerDecorator<(error: Error, context: ErrorContext) => unknown>
export function OnError<E extends Error>(
  errorClass: ErrorClass<E>,
): HandlerDecorator<(error: E, context: ErrorContext) => unknown>
export function OnError(...errorClass: readonly unknown[]): Recorder {
  return handler('error', 'OnError', errorClass)
}

/**
 * Marks the method that runs once for each `@OnOpen`, after everything received before has been handled. At most one per class.
 */
export function OnClose(): HandlerDecorator<(close: CloseInfo, context: ConnectionContext) => unknown> {
  return handler('close', 'OnClose', [])
}

/** Makes a decorator that records, and never throws: what is wrong is found at the start, all at once. */
function handler(event: HandlerEvent, name: string, args: readonly unknown[]): Recorder {
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

/** Takes what either dialect hands a decorator. */
type Recorder = (target: object, member: unknown, descriptor?: unknown) => void

/** What any standard decorator is told (https://github.com/tc39/proposal-decorators). */
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
  if (typeof argument === 'function') return argument.name || 'an anonymous class'
  if (typeof argument === 'object' && argument !== null) return '{…}'
  return typeof argument === 'string' ? `'${argument}'` : String(argument)
}
