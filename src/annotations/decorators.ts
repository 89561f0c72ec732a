import type { CloseInfo } from '../connection/close-code.js'
import type { ConnectionState, OpenInfo } from '../connection/state.js'
import type { ConnectionContext, ErrorContext, MessageContext } from './context.js'
import { recordClient, recordHandler, recordModule } from './metadata.js'
import type {
  ErrorClass,
  HandlerEvent,
  HandlerRecord,
  MessageKey,
  ModuleOptions,
  WebSocketClientOptions,
} from './metadata.js'

/** A decorator for a method that can be called as `F` is. */
export type HandlerDecorator<F extends (...args: never[]) => unknown> = <M extends F>(
  target: object,
  member: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void

/** A decorator for a class. */
export type ClientDecorator = (target: abstract new (...args: never[]) => object) => void

/**
 * Marks a class as a client and gives its options' defaults, over which those of `bootstrap` win. Needed where the constructor has
 * parameters; tsyringe's own `@injectable()` does as well.
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
 * @param key what `route` finds in the message
 */
export function OnMessage(
  ...key: [key?: MessageKey]
): HandlerDecorator<(message: never, context: MessageContext) => unknown> {
  return handler('message', 'OnMessage', key)
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
export function OnError<E extends Error = Error>(
  ...errorClass: [errorClass?: ErrorClass<E>]
): HandlerDecorator<(error: E, context: ErrorContext) => unknown> {
  return handler('error', 'OnError', errorClass)
}

/**
 * Marks the method that runs once for each `@OnOpen`, after everything received before has been handled. At most one per class.
 */
export function OnClose(): HandlerDecorator<(close: CloseInfo, context: ConnectionContext) => unknown> {
  return handler('close', 'OnClose', [])
}

/** Makes a decorator that records, and never throws: what is wrong is found at the start, all at once. */
function handler(event: HandlerEvent, name: string, args: readonly unknown[]): HandlerDecorator<never> {
  const decorator = `@${name}(${args.map(describeArgument).join(', ')})`
  return (target: object, member: unknown, descriptor?: unknown) => {
    if (typeof member === 'object' && member !== null && 'kind' in member) {
      // A standard field has no value yet to record on; what there is of its class is the metadata.
      const { name: method, metadata } = member as ClassMethodDecoratorContext
      recordHandler(metadata ?? target, { event, decorator, member: method, kind: 'standard', args })
      return
    }
    const kind = kindOf(target, member, descriptor)
    recordHandler(target, { event, decorator, member: member as string | symbol, kind, args })
  }
}

function kindOf(target: object, member: unknown, descriptor: unknown): HandlerRecord['kind'] {
  if (member === undefined) return 'class'
  if (typeof descriptor === 'number') return 'parameter'
  if (typeof target === 'function') return 'static member'
  if (typeof descriptor !== 'object' || descriptor === null) return 'property'
  return typeof (descriptor as PropertyDescriptor).value === 'function' ? 'method' : 'accessor'
}

function describeArgument(argument: unknown): string {
  if (typeof argument === 'function') return argument.name || 'an anonymous class'
  if (typeof argument === 'object' && argument !== null) return '{…}'
  return typeof argument === 'string' ? `'${argument}'` : String(argument)
}
