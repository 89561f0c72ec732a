/**
 * Message types of both directions. `toServer` and `toClient` map names to messages. The names are the keys that messages are routed by.
 * `replies` maps the names of requests to their replies.
 */
export interface Protocol {
  readonly toServer?: object | undefined
  readonly toClient?: object | undefined
  readonly replies?: object | undefined
}

/** Exists only for the compiler. No object has it. */
declare const SIDE: unique symbol

/** One side of a protocol: its incoming messages, its outgoing messages and the replies to them. */
export interface ProtocolSide<Incoming = unknown, Outgoing = unknown, Replies = unknown> {
  readonly [SIDE]?: { readonly incoming: Incoming; readonly outgoing: Outgoing; readonly replies: Replies }
}

/** Type parameter of a connection: one side of a protocol, or a protocol, which means its client side. */
export type AnyProtocol = Protocol | ProtocolSide

/** Messages that may be sent. Any value if the protocol does not list them. */
export type Outgoing<P extends AnyProtocol> = P extends { readonly toServer: infer Messages }
  ? Messages[keyof Messages]
  : P extends { readonly [SIDE]?: { readonly outgoing: infer Messages } }
    ? MessageOf<Messages>
    : unknown

type MessageOf<Messages> = unknown extends Messages ? unknown : Messages[keyof Messages]

/** Reply to a message according to the protocol; `Otherwise` if the protocol does not define one. */
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
