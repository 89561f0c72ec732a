import { describeValue } from '../core/describe-value.js'

/** Reads and writes the ID of a request if the ID is not simply a property. */
export interface IdAccessor {
  /**
   * Returns the ID that a message already has, or `undefined`. Should throw a TypeError for a message that cannot have an ID; the call
   * then throws it.
   */
  readonly read: (message: unknown) => unknown
  /** Returns a copy of the message with the ID. Must not change the original. */
  readonly write: (message: unknown, id: unknown) => unknown
}

/** Matches replies to requests: the `requests` option. Start from a preset if your API has one. */
export interface RequestsOptions {
  /** Name of the property that contains the ID, or an accessor. `false` if the API has no IDs; every request then requires a `match`. @default 'id' */
  readonly id?: string | IdAccessor | false | undefined
  /** Returns the ID of the request that a received message replies to; `undefined` or `null` if it is not a reply. @default the ID that `id` reads */
  readonly replyId?: ((message: unknown) => unknown) | undefined
  /** Returns the value that the request resolves with, given the reply. @default the whole message */
  readonly result?: ((reply: unknown) => unknown) | undefined
  /**
   * Returns the error in a reply; `undefined` or `null` if there is none. Anything else rejects the request with a ReplyError.
   * @default no reply is an error
   */
  readonly error?: ((reply: unknown) => unknown) | undefined
  /** Returns a new ID. `count` starts at 1 on each link. @default the count itself */
  readonly nextId?: ((count: number) => unknown) | undefined
  /** Converts an ID to the value that IDs are compared by. For example, `String` makes "1" match 1. @default the ID itself */
  readonly idKey?: ((id: unknown) => unknown) | undefined
  /** Creates the reply to a request from the server, given that request and a result. @default the result with the ID of that request */
  readonly respond?: ((incoming: unknown, result: unknown) => unknown) | undefined
  /**
   * Creates the message that tells the server to cancel a request, given its ID. Called when a request is aborted or times out, or when your code
   * leaves the loop of `requestMany`. Must be synchronous; `undefined` sends nothing. Not called for a request without an ID, unless the API has
   * no IDs. @default nothing is sent
   */
  readonly cancel?: ((id: unknown) => unknown) | undefined
  /**
   * Returns true for messages that are handled while `@OnOpen` is still running, for example requests that the server expects a reply to.
   * `duringOpen: false` on an `@OnMessage` overrides it. Must be synchronous. @default none
   */
  readonly duringOpen?: ((message: unknown) => boolean) | undefined
  /** Adds an ID of the same sequence to heartbeat messages. Use it if the API requires an ID in every message. @default false */
  readonly heartbeatIds?: boolean | undefined
  /**
   * Maximum duration of a request in milliseconds, including the time before it is sent. `false` waits as long as the connection lives.
   * @default 30_000
   */
  readonly timeout?: number | false | undefined
  /**
   * Maximum number of requests in flight on one link. Further requests wait in order. While there is no link, up to `limit` requests, or 1,000
   * if that is more, can wait for one. Another request rejects with a BackpressureError. @default 1_000
   */
  readonly limit?: number | undefined
}

/** Options of one request. */
export interface RequestOptions {
  /** Maximum duration in milliseconds, including the time before the request is sent. `false` means no limit. @default the `requests.timeout` option */
  readonly timeout?: number | false | undefined
  /** Cancels the request when it aborts. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * Returns true if a message is the reply. Holdfast adds no ID to a request with `match`. Called for messages that have no ID, or an ID that
   * no pending request has. If the request's message already has an ID, it is called for messages that have that ID or none. Never called for
   * replies to other requests.
   */
  readonly match?: ((message: unknown, id: unknown) => boolean) | undefined
  /**
   * Creates the message that tells the server to cancel this request. Replaces the `requests.cancel` option. Must be synchronous; `undefined` sends
   * nothing. Not called if the request was never sent, was already answered, or its link is lost.
   */
  readonly cancel?: ((id: unknown) => unknown) | undefined
  /**
   * Sends the request again after a reconnect if the connection is lost before the reply. The server may then receive it more than once; without
   * `resend`, it receives it at most once. @default false
   */
  readonly resend?: boolean | undefined
}

/** Options of a request with several replies. */
export interface RequestManyOptions extends RequestOptions {
  /** Maximum wait for the next reply, in milliseconds. Each reply restarts it. `false` means no limit. @default the `requests.timeout` option */
  readonly timeout?: number | false | undefined
  /** Returns true if a reply is the last one. That reply is still delivered. */
  readonly isLast: (message: unknown) => boolean
  /** Maximum number of unread replies. One more ends the request with an UnreadRepliesError. @default 1_024 */
  readonly highWaterMark?: number | undefined
}

export const REQUEST_DEFAULTS = { timeout: 30_000, limit: 1_000 } as const

/** The `requests` option with its defaults filled in. */
export type RequestsSettings = Required<Omit<RequestsOptions, 'id' | 'cancel' | 'duringOpen'>> & {
  readonly ids: IdAccessor | false
  readonly cancel: RequestsOptions['cancel']
  readonly duringOpen: RequestsOptions['duringOpen']
  /** JSON of the property name that identifies a reply; `undefined` if a function decides. */
  readonly replyMark: string | undefined
}

/** Fills in the defaults. Connections without the option share one object. */
export function fillInRequests(options?: RequestsOptions): RequestsSettings {
  if (options) return requestsSettings(options)
  sharedSettings ??= requestsSettings({})
  return sharedSettings
}

// perf: sharing it saves 880 B per idle connection.
let sharedSettings: RequestsSettings | undefined

function requestsSettings(options: RequestsOptions): RequestsSettings {
  const place = options.id ?? 'id'
  const ids = typeof place === 'string' ? propertyAccessor(place) : place
  const readId = typeof place === 'string' ? propertyReader(place) : place ? place.read : none
  const isPlain = typeof place === 'string' && !options.replyId && !options.error
  return {
    ids,
    replyMark: isPlain ? JSON.stringify(place) : undefined,
    replyId: ids ? (options.replyId ?? readId) : none,
    result: options.result ?? same,
    error: options.error ?? none,
    nextId: options.nextId ?? same,
    idKey: options.idKey ?? same,
    respond: options.respond ?? ((incoming, result) => writeInto(ids, result, readId(incoming))),
    cancel: options.cancel,
    duringOpen: options.duringOpen,
    heartbeatIds: options.heartbeatIds ?? false,
    timeout: options.timeout ?? REQUEST_DEFAULTS.timeout,
    limit: options.limit ?? REQUEST_DEFAULTS.limit,
  }
}

/** Returns false if the JSON text of a message rules out that it is a reply. */
export function mayBeReply(text: string, { replyMark }: RequestsSettings): boolean {
  return replyMark === undefined || text.includes(replyMark) || text.includes('\\')
}

const none = (): undefined => undefined
const same = <T>(value: T): T => value

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function propertyReader(name: string): IdAccessor['read'] {
  return (message) => (isRecord(message) ? message[name] : undefined)
}

export function propertyAccessor(name: string): IdAccessor {
  const check = (message: unknown): Readonly<Record<string, unknown>> => {
    if (isRecord(message)) return message
    throw new TypeError(`Cannot add the "${name}" property to ${describeValue(message)}. Send an object`)
  }
  return {
    read: (message) => check(message)[name],
    // perf: saves 0.9 µs per request, because V8 is slow to add a property to a copy made by spreading.
    write: (message, id) => Object.assign({}, check(message), { [name]: id }),
  }
}

function writeInto(ids: IdAccessor | false, result: unknown, id: unknown): unknown {
  if (!ids) return result
  return ids.write(result ?? {}, idOfCall(id))
}

/** Returns the ID of a request from the server, and throws if there is none: such a message expects no reply. */
export function idOfCall(id: unknown): unknown {
  if (id == null) throw new TypeError('Cannot respond: the message has no ID')
  return id
}
