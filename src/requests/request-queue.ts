import type { PendingRequest } from './pending-request.js'

/** Sends requests, and says whether it can. */
export interface RequestQueuePort {
  /** Returns whether a request may be sent now: while ready, and from inside `@OnOpen`. */
  canSend(): boolean
  /** Returns whether as many requests are in flight as may be. */
  isFull(): boolean
  /** Sends a request. Never throws. */
  send(request: PendingRequest): void
}

/** The requests that wait to be sent: for their turn, or for the connection. */
export class RequestQueue {
  readonly #port: RequestQueuePort
  /** Those that wait for their turn on this connection. */
  readonly #queued = new Set<PendingRequest>()
  /** Those that wait for `onReady()`. */
  #waiting = new Set<PendingRequest>()
  #isReady = false
  #isSending = false

  constructor(port: RequestQueuePort) {
    this.#port = port
  }

  /** True while a request waits for its turn on this connection. */
  get hasQueued(): boolean {
    return this.#queued.size > 0
  }

  add(request: PendingRequest): void {
    const line = this.#isReady || this.#port.canSend() ? this.#queued : this.#waiting
    line.add(request)
  }

  delete(request: PendingRequest): void {
    this.#queued.delete(request)
    this.#waiting.delete(request)
  }

  onReady(): void {
    this.#isReady = true
    for (const request of this.#waiting) this.#queued.add(request)
    this.#waiting.clear()
    this.flush()
  }

  /**
   * The connection is lost.
   *
   * @param left all that wait for the next one, in the order of the calls; those that have been sent before go first
   */
  onLost(left: readonly PendingRequest[]): void {
    this.#isReady = false
    this.#waiting = new Set([...left].sort((a, b) => Number(b.wasSent) - Number(a.wasSent)))
    this.#queued.clear()
  }

  onClosed(): void {
    this.#isReady = false
  }

  /** Sends requests in order while they may be sent. */
  flush(): void {
    if (this.#isSending) return
    this.#isSending = true
    for (const request of this.#queued) {
      // A request from inside @OnOpen, which is queued before onReady(), may be sent by any caller.
      if (this.#port.isFull() || (this.#isReady && !this.#port.canSend())) break
      this.#queued.delete(request)
      this.#port.send(request)
    }
    this.#isSending = false
  }
}
