import { syncAnswer } from '../core/thenable.js'
import type { RequestId } from './request-ids.js'
import type { RequestOptions } from './request-options.js'
import { PendingRequest } from './pending-request.js'
import type { RequestOwner } from './pending-request.js'

/** A request with one reply. */
export class SingleRequest extends PendingRequest {
  readonly promise: Promise<unknown>
  #resolve!: (result: unknown) => void
  #reject!: (error: Error) => void

  constructor(
    message: unknown,
    options: RequestOptions,
    owner: RequestOwner,
    own: RequestId | undefined,
    isBound: boolean,
  ) {
    super(message, options, owner, own, isBound)
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  onReply(reply: unknown, result: (reply: unknown) => unknown): boolean {
    this.#resolve(syncAnswer(result(reply), 'requests.result'))
    return true
  }

  reject(error: Error): void {
    // The caller may await the promise later or never.
    this.promise.catch(ignore)
    this.#reject(error)
  }
}

function ignore(): void {}
