import type { Schema, SchemaInput, SchemaOutput } from '../core/schema.js'
import type { MessageContext } from './handler-contexts.js'
import { OnMessage } from './decorators.js'
import type { HandlerDecorator } from './decorators.js'
import type { Protocol } from '../messages/protocol.js'

/** A protocol as schemas instead of types. */
export interface ProtocolSchemas {
  readonly incoming?: Readonly<Record<string | number, Schema>>
  readonly outgoing?: Readonly<Record<string | number, Schema>>
  readonly replies?: Readonly<Record<string | number, Schema>>
}

/** The protocol that schemas describe: what comes in as they make it, what goes out as they take it. */
export type ProtocolOf<D> = D extends ProtocolDecorators<infer P> ? P : FromSchemas<D>

type FromSchemas<D> = {
  readonly [Side in keyof D]: {
    readonly [Key in keyof D[Side]]: D[Side][Key] extends infer S extends Schema
      ? Side extends 'outgoing'
        ? SchemaInput<S>
        : SchemaOutput<S>
      : never
  }
}

type Incoming<P extends Protocol> = P extends { readonly incoming: infer Messages } ? Messages : object

/** Decorators that know a protocol. */
export interface ProtocolDecorators<P extends Protocol> {
  /** `@OnMessage(key)` of this protocol: the key is one of its incoming messages, and the method's parameter must accept that one. */
  OnMessage<Key extends keyof Incoming<P> & (string | number)>(
    key: Key,
  ): HandlerDecorator<(message: Incoming<P>[Key], context: MessageContext) => unknown>
}

/**
 * Describes both sides' messages once, so that handlers, `sendJson` and `request` are checked against it by the compiler. As a type,
 * `defineProtocol<Market>()`; or as schemas, which then also validate what comes in.
 *
 * What `Connection<Market>` and `JsonSender<Market>` send is checked by the compiler alone.
 */
export function defineProtocol<P extends Protocol>(): ProtocolDecorators<P>
export function defineProtocol<const D extends ProtocolSchemas>(
  schemas: D,
): ProtocolDecorators<FromSchemas<D>>
export function defineProtocol(schemas: ProtocolSchemas = {}): ProtocolDecorators<Protocol> {
  const incoming = new Map(Object.entries(schemas.incoming ?? {}))
  const onMessage = (key: string | number): HandlerDecorator<never> => {
    const schema = incoming.get(String(key))
    return schema ? OnMessage(key, schema) : OnMessage(key)
  }
  return { OnMessage: onMessage as ProtocolDecorators<Protocol>['OnMessage'] }
}
