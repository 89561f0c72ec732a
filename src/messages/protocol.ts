/**
 * The messages of both directions, as types. `toServer` and `toClient` map names to messages; the names are the keys that messages are
 * routed by. `replies` maps the names of requests to what answers them.
 */
export interface Protocol {
  readonly toServer?: object | undefined
  readonly toClient?: object | undefined
  readonly replies?: object | undefined
}

/** Exists for the compiler only: no object has it. */
declare const SIDE: unique symbol

/** One end of a protocol: what comes in there, what goes out, and what answers what goes out. */
export interface ProtocolSide<Incoming = unknown, Outgoing = unknown, Replies = unknown> {
  readonly [SIDE]?: { readonly incoming: Incoming; readonly outgoing: Outgoing; readonly replies: Replies }
}

/** What types a connection: one side of a protocol, or a protocol, whose client it is then. */
export type AnyProtocol = Protocol | ProtocolSide

/** The messages that may be sent: anything if the protocol does not list them. */
export type Outgoing<P extends AnyProtocol> = P extends { readonly toServer: infer Messages }
  ? Messages[keyof Messages]
  : P extends { readonly [SIDE]?: { readonly outgoing: infer Messages } }
    ? MessageOf<Messages>
    : unknown

type MessageOf<Messages> = unknown extends Messages ? unknown : Messages[keyof Messages]

/** What answers a message: what the protocol says, and `Otherwise` if it says nothing. */
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
