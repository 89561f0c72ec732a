/**
 * Both sides' messages, for people who know them: each a map. `incoming` by the key that messages are routed by; `outgoing` by
 * names of your own; `replies` by the names of the outgoing messages that they answer.
 */
export interface Protocol {
  readonly incoming?: object
  readonly outgoing?: object
  readonly replies?: object
}

/** The messages that may be sent: anything, where the protocol does not say. */
export type Outgoing<P extends Protocol> = P extends { readonly outgoing: infer Messages }
  ? Messages[keyof Messages]
  : unknown

/** What answers a message: what the protocol says, and `Otherwise` where it says nothing. */
export type ReplyTo<P extends Protocol, Message, Otherwise> = P extends {
  readonly outgoing: infer Messages
  readonly replies: infer Replies
}
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
