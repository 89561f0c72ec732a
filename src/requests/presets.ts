import { describeValue } from '../core/describe-value.js'
import { idOfCall, isRecord, propertyAccessor } from './request-options.js'
import type { RequestsOptions } from './request-options.js'

/**
 * JSON-RPC 2.0: `request({ method, params })` resolves with `result` and rejects with `error` as its details. The reply to
 * a call of the server's is its result, or an error with the code -32603 where the result is an Error. A heartbeat message without an
 * id stays the notification that it is.
 */
export function jsonRpc(): RequestsOptions {
  const property = propertyAccessor('id')
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
 * result is an Error. Handlers of the server's calls also run while `@OnOpen` does, unless they have `duringOpen: false`.
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
    // A charge point that boots in @OnOpen is asked for its configuration before it is accepted.
    duringOpen: (message) => Array.isArray(message) && message[0] === OcppType.CALL,
    // A call without an id is no call.
    heartbeatIds: true,
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
  throw new TypeError(`OCPP requests must be [action, payload], received ${describeValue(message)}`)
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
    // A ping is a command, and each command must have an id that is higher than the last.
    heartbeatIds: true,
  }
}

function isHomeAssistantReply(message: unknown): message is Readonly<Record<string, unknown>> {
  return isRecord(message) && (message['type'] === 'result' || message['type'] === 'pong')
}
