import { syncAnswer } from '../core/thenable.js'
import { ReplyError } from '../errors/request-errors.js'
import type { RequestIds } from './request-ids.js'
import type { RequestsSettings } from './request-options.js'

/** A message with an ID that is not tracked as a pending request, and the function that recognizes its reply. */
export interface UnawaitedRequest {
  readonly message: unknown
  /** Returns whether a message is the reply, or a ReplyError if it is an error reply. */
  readonly isReply: (received: unknown) => boolean | ReplyError
}

/**
 * Adds an ID to a message, unless it has one.
 *
 * @param ids the IDs of the link; `undefined` if the API has no IDs
 * @throws TypeError if the message cannot have an ID, or has one that is in use
 */
export function unawaitedRequest(
  message: unknown,
  ids: RequestIds | undefined,
  { error, idKey, replyId }: RequestsSettings,
): UnawaitedRequest {
  if (!ids)
    throw new TypeError(
      'a request requires an ID, but requests.id is false. Use ack instead of request: true',
    )
  const own = ids.read(message)
  if (own) ids.markUsed(own.key)
  const { id, key } = own ?? ids.next()
  return {
    message: own ? message : ids.write(message, id),
    isReply(received) {
      const answered = syncAnswer(replyId(received), 'requests.replyId')
      if (answered === undefined || answered === null) return false
      if (syncAnswer(idKey(answered), 'requests.idKey') !== key) return false
      const details = syncAnswer(error(received), 'requests.error')
      return details === undefined || details === null || new ReplyError({ id, message }, details)
    },
  }
}
