import { syncAnswer } from '../core/thenable.js'
import { DEFAULT_HIGH_WATER_MARK } from '../core/water-marks.js'
import { UnreadRepliesError } from '../errors/request-errors.js'
import type { RequestId } from './request-ids.js'
import type { RequestManyOptions } from './request-options.js'
import { PendingRequest } from './pending-request.js'
import type { RequestOwner } from './pending-request.js'
import { ReplyStream } from './reply-stream.js'

/** A request with several replies. */
export class StreamRequest extends PendingRequest {
  readonly replies: ReplyStream
  readonly #isLast: RequestManyOptions['isLast']
  readonly #highWaterMark: number

  constructor(
    message: unknown,
    options: RequestManyOptions,
    owner: RequestOwner,
    own: RequestId | undefined,
    isBound: boolean,
  ) {
    super(message, options, owner, own, isBound)
    this.#isLast = options.isLast
    this.#highWaterMark = options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK
    this.replies = new ReplyStream(() => {
      this.owner.abandon(this, undefined, false)
      this.owner.flush()
    })
  }

  /** @throws UnreadRepliesError if there are too many unread replies */
  onReply(reply: unknown, result: (reply: unknown) => unknown): boolean {
    const { unread } = this.replies
    if (unread >= this.#highWaterMark) throw new UnreadRepliesError(this.facts, unread)
    this.replies.push(syncAnswer(result(reply), 'requests.result'))
    if (!syncAnswer(this.#isLast(reply), 'The isLast function of requestMany')) return false
    this.replies.end()
    return true
  }

  reject(error: Error, isAborted: boolean): void {
    this.replies.end(error, isAborted)
  }
}
