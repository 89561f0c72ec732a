import { describeValue } from '../core/describe-value.js'

/** Reads and writes the ID in a request's message if the ID is not a top-level property. */
export interface IdAccessor {
  /**
   * Returns the ID that a message already has; `undefined` if it has none. Should throw a TypeError if the message cannot have an ID.
   * `request()` then throws that error.
   */
  readonly read: (message: unknown) => unknown
  /** Returns a copy of the message with the ID. Must not change the original. */
  readonly write: (message: unknown, id: unknown) => unknown
}

/** Matches replies to requests: the `requests` option. Start from a preset if there is one for your API. */
export interface RequestsOptions {
  /** Name of the property that contains the ID, or an accessor. `false` if the API has no IDs; every request then requires a `match`. @default 'id' */
  readonly id?: string | IdAccessor | false | undefined
  /** Returns the ID of the request that a received message replies to; `undefined` or `null` if it is not a reply. @default the ID that `id` reads */
  readonly replyId?: ((message: unknown) => unknown) | undefined
  /** Extracts from the reply the value that the request resolves with. @default the whole message */
  readonly result?: ((reply: unknown) => unknown) | undefined
  /**
   * Returns the error in a reply; `undefined` or `null` if there is none. Any other value rejects the request with a ReplyError.
   * @default no reply is treated as an error
   */
  readonly error?: ((reply: unknown) => unknown) | undefined
  /** Returns a new ID. `count` starts at 1 on each link. @default the count itself */
  readonly nextId?: ((count: number) => unknown) | undefined
  /** Converts an ID to a value for comparison. With `String`, for example, `'1'` matches `1`. @default the ID itself */
  readonly idKey?: ((id: unknown) => unknown) | undefined
  /** Creates the reply to a request from the server. Receives that request and the result. @default the result with the request's ID */
  readonly respond?: ((incoming: unknown, result: unknown) => unknown) | undefined
  /**
   * Creates the message that cancels a request on the server. Receives the request's ID. Called when a request is aborted or times out, or
   * when your code leaves a `requestMany` loop. Must be synchronous; `undefined` sends nothing. Not called for a request without an ID,
   * unless the API has no IDs.
   * @default nothing is sent
   */
  readonly cancel?: ((id: unknown) => unknown) | undefined
  /**
   * Returns true for messages to handle while `@OnOpen` is still running, for example requests from the server that need a reply.
   * `duringOpen: false` on an `@OnMessage` overrides this option. Must be synchronous.
   * @default no message
   */
  readonly duringOpen?: ((message: unknown) => boolean) | undefined
  /** Adds an ID from the same sequence to heartbeat messages. Set it if the API requires an ID in every message. @default false */
  readonly heartbeatIds?: boolean | undefined
  /** Maximum duration of a request in milliseconds, including the time before it is sent. `false` means no limit. @default 30_000 */
  readonly timeout?: number | false | undefined
  /**
   * Maximum number of requests in flight on one link. More requests wait in order. While there is no link, up to `limit` or 1,000 requests
   * can wait, whichever is more. Beyond that, requests reject with a BackpressureError.
   * @default 1_000
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
   * Returns true if a message is the reply. Holdfast adds no ID to a request with `match`. Called for messages that have no ID, or an ID
   * that no pending request has. If the request's message already has an ID, `match` is called for messages that have that ID or no ID. It
   * is never called for replies to other requests.
   */
  readonly match?: ((message: unknown, id: unknown) => boolean) | undefined
  /**
   * Creates the message that cancels this request on the server. Replaces the `requests.cancel` option. Must be synchronous; `undefined`
   * sends nothing. Not called if the request was never sent or has already been answered, or if its link is lost.
   */
  readonly cancel?: ((id: unknown) => unknown) | undefined
  /**
   * Sends the request again after a reconnect if the connection is lost before the reply arrives. The server may then receive the request
   * more than once. If `resend` is false, the server receives it at most once.
   * @default false
   */
  readonly resend?: boolean | undefined
}

/** Options of a request with several replies. */
export interface RequestManyOptions extends RequestOptions {
  /**
   * Maximum wait for the next reply, in milliseconds. Each reply restarts the timeout. `false` means no limit.
   * @default the `requests.timeout` option
   */
  readonly timeout?: number | false | undefined
  /** Returns true if a reply is the last one. That reply is still delivered. */
  readonly isLast: (message: unknown) => boolean
  /** Maximum number of unread replies. If one more arrives, the request fails with an UnreadRepliesError. @default 1_024 */
  readonly highWaterMark?: number | undefined
}

export const REQUEST_DEFAULTS = { timeout: 30_000, limit: 1_000 } as const

/** The `requests` option with its defaults filled in. */
export type RequestsSettings = Required<Omit<RequestsOptions, 'id' | 'cancel' | 'duringOpen'>> & {
  readonly ids: IdAccessor | false
  readonly cancel: RequestsOptions['cancel']
  readonly duringOpen: RequestsOptions['duringOpen']
  /** Name of the property that identifies a reply, as JSON; `undefined` if a function identifies replies. */
  readonly replyMark: string | undefined
}

/** Fills in the defaults. Connections that do not set the option share one object. */
export function fillInRequests(options?: RequestsOptions): RequestsSettings {
  if (options) return requestsSettings(options)
  sharedSettings ??= requestsSettings({})
  return sharedSettings
}

// perf: sharing this object saves 880 B per idle connection.
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

/** Returns false if a message's JSON text shows that it cannot be a reply. */
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

/** Returns the ID of a request from the server. Throws if there is none, because such a message expects no reply. */
export function idOfCall(id: unknown): unknown {
  if (id == null) throw new TypeError('Cannot respond: the message has no ID')
  return id
}
