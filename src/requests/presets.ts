/**
 * Presets of the `requests` option for common request protocols.
 *
 * @packageDocumentation
 */
import { describeValue } from '../core/describe-value.js'
import { idOfCall, isRecord, propertyAccessor } from './request-options.js'
import type { RequestsOptions } from './request-options.js'

/**
 * JSON-RPC 2.0. `request({ method, params })` resolves with the reply's `result`. If the reply has an `error`, the request rejects with a
 * ReplyError whose `details` are that error. `respond` replies to a request from the server with the result or, if the result is an Error,
 * with error code -32603. A heartbeat message without an ID is sent as a notification.
 */
export function jsonRpc(): RequestsOptions {
  const property = propertyAccessor('id')
  return {
    id: {
      read: property.read,
      write: (message, id) => ({ jsonrpc: '2.0', ...(property.write(message, id) as object) }),
    },
    // Requests and notifications from the server have a method. The server numbers its requests independently.
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

/** First elements of OCPP messages (OCPP-J 1.6, section 4.1.3). */
const OcppType = { CALL: 2, RESULT: 3, ERROR: 4 } as const

/**
 * OCPP over JSON. `request([action, payload])` resolves with the payload of the CALLRESULT. You can also pass a complete CALL with its ID.
 * If the reply is a CALLERROR, the request rejects with a ReplyError whose `details` are `{ code, message, details }`. Only one request is
 * in flight at a time, as OCPP requires. IDs are UUIDs because they must be unique across connections. `respond` replies to a CALL from the
 * server with a CALLRESULT, or with a CALLERROR if the result is an Error. Handlers for the server's CALLs also run during `@OnOpen`,
 * unless they set `duringOpen: false`.
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
    // A charge point sends its BootNotification in @OnOpen, and the server may request its configuration before accepting it.
    duringOpen: (message) => Array.isArray(message) && message[0] === OcppType.CALL,
    // A CALL must have an ID.
    heartbeatIds: true,
    respond: (incoming, result) => {
      const id = idOfCall((incoming as unknown[])[1])
      if (!(result instanceof Error)) return [OcppType.RESULT, id, result ?? {}]
      return [OcppType.ERROR, id, 'InternalError', result.message, {}]
    },
    limit: 1,
  }
}

/** Distinguishes a complete CALL from `[action, payload]`. */
function isCall(message: unknown): message is readonly unknown[] {
  if (Array.isArray(message)) return message[0] === OcppType.CALL
  throw new TypeError(`OCPP requests must be [action, payload], received ${describeValue(message)}`)
}

function isOcppReply(message: unknown): message is readonly unknown[] {
  return Array.isArray(message) && (message[0] === OcppType.RESULT || message[0] === OcppType.ERROR)
}

/**
 * Home Assistant. Requests resolve with the `result` of a `result` message, or with the whole `pong` message. If `success` is false, the
 * request rejects with a ReplyError whose `details` are the `error`. Events have the ID of their subscription, but they are not replies, so
 * handlers receive them.
 */
export function homeAssistant(): RequestsOptions {
  return {
    replyId: (message) => (isHomeAssistantReply(message) ? message['id'] : undefined),
    result: (reply) => (isRecord(reply) && reply['type'] === 'result' ? reply['result'] : reply),
    error: (reply) =>
      isHomeAssistantReply(reply) && reply['success'] === false ? (reply['error'] ?? {}) : undefined,
    // A ping is a command, and each command must have a higher ID than the previous one.
    heartbeatIds: true,
  }
}

function isHomeAssistantReply(message: unknown): message is Readonly<Record<string, unknown>> {
  return isRecord(message) && (message['type'] === 'result' || message['type'] === 'pong')
}
