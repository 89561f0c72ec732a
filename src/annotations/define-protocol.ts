import type { Schema, SchemaInput, SchemaOutput } from '../core/schema.js'
import type { Protocol, ProtocolSide } from '../messages/protocol.js'
import { OnMessage } from './decorators.js'
import type { HandlerDecorator } from './decorators.js'
import type { MessageContext } from './handler-contexts.js'
import type { OnMessageOptions } from './message-arguments.js'

/** A protocol defined by schemas instead of types. */
export interface ProtocolSchemas {
  /** Schemas of the messages to the server, by key. */
  readonly toServer?: Readonly<Record<string | number, Schema>> | undefined
  /** Schemas of the messages to the client, by key. */
  readonly toClient?: Readonly<Record<string | number, Schema>> | undefined
  /** Schemas of the replies, by the key of the request. */
  readonly replies?: Readonly<Record<string | number, Schema>> | undefined
}

/**
 * One side of a protocol. Contains its `OnMessage` decorator. Its type is the type argument for that side's `Connection` and `JsonSender`.
 */
export interface DefinedSide<Incoming, Outgoing, Replies> extends ProtocolSide<Incoming, Outgoing, Replies> {
  /**
   * `@OnMessage(key)` for this side. The key must belong to an incoming message, and the method's parameter must accept that message's
   * type.
   */
  OnMessage<Key extends keyof Incoming & (string | number)>(
    key: Key,
    options?: OnMessageOptions,
  ): HandlerDecorator<(message: Incoming[Key], context: MessageContext) => unknown>
}

/** Both sides of a protocol. A client uses `client`; a server uses `server`, with the directions swapped. */
export interface DefinedProtocol<Client, Server> {
  /** The client's side. */
  readonly client: Client
  /** The server's side. */
  readonly server: Server
}

type SidesOfTypes<P extends Protocol> = DefinedProtocol<
  DefinedSide<Messages<P, 'toClient'>, Messages<P, 'toServer'>, Messages<P, 'replies'>>,
  DefinedSide<Messages<P, 'toServer'>, Messages<P, 'toClient'>, Messages<P, 'replies'>>
>

type Messages<P, Direction extends string> = P extends { readonly [D in Direction]: infer M } ? M : unknown

type SidesOfSchemas<D> = DefinedProtocol<
  DefinedSide<Outputs<D, 'toClient'>, Inputs<D, 'toServer'>, Outputs<D, 'replies'>>,
  DefinedSide<Outputs<D, 'toServer'>, Inputs<D, 'toClient'>, Inputs<D, 'replies'>>
>

/** Types of received messages: the outputs of their schemas. */
type Outputs<D, Direction extends string> = D extends { readonly [K in Direction]: infer Schemas }
  ? { readonly [Key in keyof Schemas]: Schemas[Key] extends infer S extends Schema ? SchemaOutput<S> : never }
  : unknown

/** Types of sent messages: the inputs of their schemas. */
type Inputs<D, Direction extends string> = D extends { readonly [K in Direction]: infer Schemas }
  ? { readonly [Key in keyof Schemas]: Schemas[Key] extends infer S extends Schema ? SchemaInput<S> : never }
  : unknown

/**
 * Describes the messages in both directions once, so that the compiler checks handlers, `sendJson` and `request` against them. Pass a type,
 * as in `defineProtocol<Market>()`, or pass schemas, which also validate received messages at runtime.
 *
 * Sent messages are checked only by the compiler, through `Connection<typeof market.client>` and `JsonSender<typeof market.client>`.
 */
export function defineProtocol<P extends Protocol>(): SidesOfTypes<P>
export function defineProtocol<const D extends ProtocolSchemas>(schemas: D): SidesOfSchemas<D>
export function defineProtocol({ toServer, toClient }: ProtocolSchemas = {}): DefinedProtocol<
  AnySide,
  AnySide
> {
  return { client: sideOf(toClient), server: sideOf(toServer) }
}

type AnySide = DefinedSide<never, never, never>

function sideOf(incoming: ProtocolSchemas['toClient'] = {}): AnySide {
  const schemas = new Map(Object.entries(incoming))
  const onMessage = (...args: readonly unknown[]): HandlerDecorator<never> => {
    const [key, ...options] = args as [string | number, OnMessageOptions?]
    const schema = typeof key === 'object' ? undefined : schemas.get(String(key))
    // If the decorator was written without parentheses, @OnMessage detects that from the arguments.
    return schema ? OnMessage(key, schema, ...options) : OnMessage(...(args as [string | number]))
  }
  return { OnMessage: onMessage as AnySide['OnMessage'] }
}
