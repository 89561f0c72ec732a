/**
 * Message types for both directions. `toServer` and `toClient` map names to message types. Messages are routed by these names. `replies`
 * maps the names of requests to the types of their replies.
 */
export interface Protocol {
  /** Types of the messages to the server, by key. */
  readonly toServer?: object | undefined
  /** Types of the messages to the client, by key. */
  readonly toClient?: object | undefined
  /** Types of the replies, by the key of the request. */
  readonly replies?: object | undefined
}

/** Exists only for the compiler. No object has this property. */
declare const SIDE: unique symbol

/** One side of a protocol: its incoming messages, its outgoing messages, and the replies to the outgoing messages. */
export interface ProtocolSide<Incoming = unknown, Outgoing = unknown, Replies = unknown> {
  /** Exists only for the compiler. @hidden */
  readonly [SIDE]?: { readonly incoming: Incoming; readonly outgoing: Outgoing; readonly replies: Replies }
}

/** Type parameter of a connection: one side of a protocol, or a whole protocol, which stands for its client side. */
export type AnyProtocol = Protocol | ProtocolSide

/** Messages that can be sent. `unknown` if the protocol does not list them. */
export type Outgoing<P extends AnyProtocol> = P extends { readonly toServer: infer Messages }
  ? Messages[keyof Messages]
  : P extends { readonly [SIDE]?: { readonly outgoing: infer Messages } }
    ? MessageOf<Messages>
    : unknown

type MessageOf<Messages> = unknown extends Messages ? unknown : Messages[keyof Messages]

/** Type of the reply to a message; `Otherwise` if the protocol does not define one. */
export type ReplyTo<P extends AnyProtocol, Message, Otherwise> = P extends {
  readonly toServer: infer Messages
  readonly replies: infer Replies
}
  ? ReplyOf<Replies, NameOf<Messages, Message>, Otherwise>
  : P extends { readonly [SIDE]?: { readonly outgoing: infer Messages; readonly replies: infer Replies } }
    ? ReplyOf<Replies, NameOf<Messages, Message>, Otherwise>
    : Otherwise

type ReplyOf<Replies, Name, Otherwise> = [Name] extends [never]
  ? Otherwise
  : Name extends keyof Replies
    ? Replies[Name]
    : Otherwise

type NameOf<Messages, Message> = {
  [Name in keyof Messages]: Message extends Messages[Name] ? Name : never
}[keyof Messages]
