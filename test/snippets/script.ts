import type { Client, ClientOptions } from 'holdfast'

/** A message of a client. Scripts know what their snippet sends. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Message = any

/** The server's end of one connection. */
export interface Peer {
  /** The path and query that the client asked for. */
  readonly url: string
  /** Sends strings and bytes as they are, and any other value as JSON. */
  send(message: unknown): void
  ping(): void
  close(code: number, reason?: string): void
}

/** The server's part for one snippet. Members that are left out are as in {@link USUAL}. */
export interface Script {
  /** Messages for a client that has just connected. */
  readonly messages?: readonly unknown[]
  /** Returns the answer to a message, `null` for none, or `undefined` or `false` for the usual one. */
  readonly answer?: (message: Message, peer: Peer) => unknown
  /** Returns a response, or a value for a response with JSON. */
  readonly fetch?: (url: URL) => unknown
  /** Options for `bootstrap`, such as `providers`. */
  readonly options?: ClientOptions
  /** Arguments for an exported function. */
  readonly args?: (client: Client<Message>) => readonly unknown[]
  /** Called once the handlers of a client have run, before it is closed. */
  readonly drive?: (client: Client<Message>, peer: Peer) => unknown
  /** Matches the errors that the script provokes. Without it, an error fails the snippet. */
  readonly errors?: RegExp
  /** Handlers that this script does not reach, each with its reason. */
  readonly uncalled?: Readonly<Record<string, string>>
}

/**
 * The scripts of a page, by the name of a class or of an exported function, or by host. If several snippets of the page have the name,
 * `Name 2` is the script of the second one.
 */
export type PageScripts = Readonly<Record<string, Script>>

/** Answers requests by their ID, acknowledges subscriptions, and answers pings. */
function usualAnswer(message: Message): unknown {
  if (message === 'ping') return 'pong'
  if (typeof message !== 'object' || message === null) return undefined
  if (message.type === 'ping') return { type: 'pong' }
  if (message.id !== undefined)
    return { ...(message.jsonrpc && { jsonrpc: '2.0' }), id: message.id, result: {} }
  const verb = ['type', 'op', 'method', 'event'].find((key) => message[key] === 'subscribe')
  return verb && { ...message, [verb]: 'subscribed' }
}

/** The server's part for snippets that need nothing special. */
export const USUAL = {
  messages: [
    { type: 'ticker', product: 'BTC-USD', product_id: 'BTC-USD', symbol: 'BTC-USD', price: 64_250.5 },
  ],
  answer: usualAnswer,
  fetch: () => ({}),
} satisfies Script
