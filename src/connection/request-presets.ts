import { describeValue } from '../codec.js'

/** Where the id of a request is, when that is not simply a property. */
export interface IdPlace {
  /** Reads the id that a message has already; `undefined` where it has none. Throws a TypeError for what can have none: the call throws it, too. */
  readonly read: (message: unknown) => unknown
  /** Returns the message with the id in it; the one given is left as it is. */
  readonly write: (message: unknown, id: unknown) => unknown
}

/** How requests and replies belong together: the `requests` option. Start from a preset where there is one for the API. */
export interface RequestsOptions {
  /** The name of the property that has the id, or how to read and write it; `false` where the API has no ids, so that each request needs a `match`. @default 'id' */
  readonly id?: string | IdPlace | false
  /** Reads from any received message the id of the request that it is a reply to; `undefined` or `null` where it is none. @default what `id` reads */
  readonly replyId?: (message: unknown) => unknown
  /** Takes out of a reply what the request resolves with. @default the whole message */
  readonly result?: (reply: unknown) => unknown
  /** Reads the error out of a reply; `undefined` or `null` where it has none. Anything else rejects the request with a RequestError. @default there are no error replies */
  readonly error?: (reply: unknown) => unknown
  /** Makes an id; `count` goes up from 1, anew on each physical connection. @default the count itself */
  readonly nextId?: (count: number) => unknown
  /** What two ids are compared by: `String` takes a "1" for the reply to 1. @default the id itself */
  readonly idKey?: (id: unknown) => unknown
  /** Makes the reply to a call of the server's, from the call and a result. @default the result with the id of the call written into it */
  readonly respond?: (incoming: unknown, result: unknown) => unknown
  /** How long a request may take in all, in milliseconds, waiting included; `false` for as long as the connection lives. @default 30_000 */
  readonly timeout?: number | false
  /** How many requests may be under way at once; the rest wait their turn, in order. @default 1_000 */
  readonly limit?: number
}

/** How one request is to be handled. */
export interface RequestOptions {
  /** How long it may take in all, in milliseconds, waiting to be sent included. `false`: no limit. @default the `requests.timeout` option */
  readonly timeout?: number | false
  /** Ends the request; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Tells whether a message is the reply. Asked of messages with the request's own id, and of those that have no id; never of replies to others. */
  readonly match?: (message: unknown, id: unknown) => boolean
  /** Asks again after a reconnect if the connection is lost before the reply: at least once. Without it: at most once. @default false */
  readonly resend?: boolean
}

/** How a request with several replies is to be handled. */
export interface RequestManyOptions extends RequestOptions {
  /** How long there may be no reply, in milliseconds: it begins anew with each. `false`: no limit. @default the `requests.timeout` option */
  readonly timeout?: number | false
  /** Tells whether a reply is the last one; it is still delivered. */
  readonly isLast: (message: unknown) => boolean
  /** How many replies may wait to be read; one more ends the request with an UnreadRepliesError. @default 1_024 */
  readonly highWaterMark?: number
}

export const REQUEST_DEFAULTS = { timeout: 30_000, limit: 1_000 } as const

/** How requests and replies belong together, defaults filled in. */
export type RequestsSettings = Required<Omit<RequestsOptions, 'id'>> & { readonly ids: IdPlace | false }

/** Fills in the defaults. */
export function fillInRequests(options: RequestsOptions = {}): RequestsSettings {
  const place = options.id ?? 'id'
  const ids = typeof place === 'string' ? propertyPlace(place) : place
  const readId = typeof place === 'string' ? propertyReader(place) : place ? place.read : none
  return {
    ids,
    replyId: ids ? (options.replyId ?? readId) : none,
    result: options.result ?? same,
    error: options.error ?? none,
    nextId: options.nextId ?? same,
    idKey: options.idKey ?? same,
    respond: options.respond ?? ((incoming, result) => writeInto(ids, result, readId(incoming))),
    timeout: options.timeout ?? REQUEST_DEFAULTS.timeout,
    limit: options.limit ?? REQUEST_DEFAULTS.limit,
  }
}

const none = (): undefined => undefined
const same = <T>(value: T): T => value

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function propertyReader(name: string): IdPlace['read'] {
  return (message) => (isRecord(message) ? message[name] : undefined)
}

function propertyPlace(name: string): IdPlace {
  const check = (message: unknown): Readonly<Record<string, unknown>> => {
    if (isRecord(message)) return message
    const given = describeValue(message)
    throw new TypeError(`The id goes into the property "${name}" of an object, and this is ${given}`)
  }
  return {
    read: (message) => check(message)[name],
    write: (message, id) => ({ ...check(message), [name]: id }),
  }
}

function writeInto(ids: IdPlace | false, result: unknown, id: unknown): unknown {
  if (!ids) return result
  return ids.write(result ?? {}, idOfCall(id))
}

/** An id, and what it is compared by. */
export interface RequestId {
  readonly id: unknown
  readonly key: unknown
}

/** Past this many ids that callers brought along on one connection, the oldest may be given out anew. */
const MOST_SPENT = 1_000

/** The ids of one connection: no two pending requests have the same. */
export class RequestIds {
  readonly #place: IdPlace
  readonly #settings: RequestsSettings
  readonly #held = new Set<unknown>()
  /** Ids that callers brought along: a late reply to one must not find a request that was given it. */
  readonly #spent = new Set<unknown>()
  #count = 0

  constructor(place: IdPlace, settings: RequestsSettings) {
    this.#place = place
    this.#settings = settings
  }

  /**
   * Reads the id that a request brings along.
   *
   * @throws TypeError when another pending request has it, or the message can have none
   */
  read(message: unknown): RequestId | undefined {
    const id = this.#place.read(message)
    if (id == null) return undefined
    const key = this.#settings.idKey(id)
    if (!this.#held.has(key)) return { id, key }
    const name =
      typeof id === 'string' || typeof id === 'number' ? `id ${id}` : `same id (${describeValue(id)})`
    throw new TypeError(`Another request with the ${name} is pending: leave it out to have one made`)
  }

  /**
   * Makes an id that is nobody's.
   *
   * @throws TypeError when `nextId` gives none
   */
  next(): RequestId {
    const most = this.#held.size + this.#spent.size
    for (let tries = 0; tries <= most; tries += 1) {
      this.#count += 1
      const id = this.#settings.nextId(this.#count)
      const key = this.#settings.idKey(id)
      if (id != null && !this.#held.has(key) && !this.#spent.has(key)) return { id, key }
    }
    throw new TypeError('requests.nextId gives no id that is not in use: it must give a new one at each call')
  }

  hold(key: unknown): void {
    this.#held.add(key)
  }

  release(key: unknown): void {
    this.#held.delete(key)
  }

  /** Notes that an id that was brought along is being sent. */
  spend(key: unknown): void {
    this.#spent.add(key)
    const [oldest] = this.#spent
    if (this.#spent.size > MOST_SPENT) this.#spent.delete(oldest)
  }

  /** Notes the id of a message that is no request; one that has none, or can have none, is nothing to note. */
  spendIdOf(message: unknown): void {
    let id: unknown
    try {
      id = this.#place.read(message)
    } catch {
      return
    }
    if (id != null) this.spend(this.#settings.idKey(id))
  }

  /** Begins anew: a new connection knows of none of these ids. */
  restart(): void {
    this.#count = 0
    this.#spent.clear()
  }

  /** Writes an id into a message. */
  write(message: unknown, id: unknown): unknown {
    return this.#place.write(message, id)
  }

  /** Writes the next id into a message that is no request; what has an id, or can have none, is returned as it is. */
  stamp(message: unknown): unknown {
    try {
      if (this.#place.read(message) != null) return message
    } catch {
      return message
    }
    return this.#place.write(message, this.next().id)
  }
}

/** Checks that a call of the server's has an id: one without wants no reply. */
function idOfCall(id: unknown): unknown {
  if (id == null) throw new TypeError('respond() answers a message that has an id, and this one has none')
  return id
}

/**
 * JSON-RPC 2.0: `request({ method, params })` resolves with `result` and rejects with `error` as its details. The reply to
 * a call of the server's is its result, or an error with the code -32603 where the result is an Error.
 */
export function jsonRpc(): RequestsOptions {
  const property = propertyPlace('id')
  return {
    id: {
      read: property.read,
      write: (message, id) => ({ jsonrpc: '2.0', ...(property.write(message, id) as object) }),
    },
    // Calls and notifications of the server's have a method; theirs is another row of ids.
    replyId: (message) => (isRecord(message) && !('method' in message) ? message['id'] : undefined),
    result: (reply) => (reply as JsonRpcReply).result,
    error: (reply) => (isRecord(reply) && !('method' in reply) ? reply['error'] : undefined),
    respond: (incoming, result) => {
      const answer = { jsonrpc: '2.0', id: idOfCall((incoming as JsonRpcReply).id) }
      if (!(result instanceof Error)) return { ...answer, result: result ?? null }
      return { ...answer, error: { code: INTERNAL_ERROR, message: result.message } }
    },
  }
}

interface JsonRpcReply {
  readonly id?: unknown
  readonly result?: unknown
}

/** JSON-RPC 2.0, section 5.1. */
const INTERNAL_ERROR = -32_603

/** The first elements of OCPP's messages (OCPP-J 1.6, section 4.1.3). */
const OcppType = { CALL: 2, RESULT: 3, ERROR: 4 } as const

/**
 * OCPP over JSON: `request([action, payload])`, or the whole call with an id of its own, resolves with the payload of the
 * result; a CALLERROR rejects with `{ code, message, details }`. One request at a time, as OCPP wants it; ids are UUIDs, for
 * they must be unique beyond one connection. The reply to a call of the server's is a CALLRESULT, or a CALLERROR where the
 * result is an Error.
 */
export function ocpp(): RequestsOptions {
  return {
    id: {
      read: (message) => (isCall(message) ? message[1] : undefined),
      write: (message, id) => [OcppType.CALL, id, ...(message as unknown[]).slice(isCall(message) ? 2 : 0)],
    },
    replyId: (message) => (isOcppReply(message) ? message[1] : undefined),
    result: (reply) => (reply as unknown[])[2],
    error: (reply) => {
      if (!isOcppReply(reply) || reply[0] !== OcppType.ERROR) return undefined
      const [, , code, message, details] = reply
      return { code, message, details }
    },
    nextId: () => crypto.randomUUID(),
    respond: (incoming, result) => {
      const id = idOfCall((incoming as unknown[])[1])
      if (!(result instanceof Error)) return [OcppType.RESULT, id, result ?? {}]
      return [OcppType.ERROR, id, 'InternalError', result.message, {}]
    },
    limit: 1,
  }
}

/** Tells a whole call from `[action, payload]`. */
function isCall(message: unknown): message is readonly unknown[] {
  if (Array.isArray(message)) return message[0] === OcppType.CALL
  throw new TypeError(`An OCPP request is [action, payload], and this is ${describeValue(message)}`)
}

function isOcppReply(message: unknown): message is readonly unknown[] {
  return Array.isArray(message) && (message[0] === OcppType.RESULT || message[0] === OcppType.ERROR)
}

/**
 * Home Assistant: resolves with the `result` of a `result` message, or with the whole `pong`; `success: false` rejects with
 * its `error`. Events bear the id of the subscription that they belong to; they are no replies and go to the handlers.
 */
export function homeAssistant(): RequestsOptions {
  return {
    replyId: (message) => (isHomeAssistantReply(message) ? message['id'] : undefined),
    result: (reply) => (isRecord(reply) && reply['type'] === 'result' ? reply['result'] : reply),
    error: (reply) =>
      isHomeAssistantReply(reply) && reply['success'] === false ? (reply['error'] ?? {}) : undefined,
  }
}

function isHomeAssistantReply(message: unknown): message is Readonly<Record<string, unknown>> {
  return isRecord(message) && (message['type'] === 'result' || message['type'] === 'pong')
}
