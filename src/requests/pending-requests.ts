import type { Clock, Timer } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { ReplyError, RequestTimeoutError, UnreadRepliesError } from '../errors/request-errors.js'
import { deferred } from '../core/deferred.js'
import { DEFAULT_HIGH_WATER_MARK } from '../core/water-marks.js'
import { ReplyStream } from './reply-stream.js'
import { RequestIds } from './request-ids.js'
import type { RequestManyOptions, RequestOptions, RequestsSettings } from './request-options.js'

/** What pending requests act upon and ask. */
export interface RequestsPort {
  /**
   * Hands a message to the socket, at once and past any outbox.
   *
   * @throws EncodeError when it cannot be encoded
   */
  send(message: unknown): void
  /** Tells whether what is asked just now may go at once: while ready, and from inside `@OnOpen`. */
  canSend(): boolean
  /** Called whenever the number of pending requests has changed. */
  onChange(): void
  /** Called when a function of the options threw at a message that belongs to no request: it goes to the handlers. */
  onError(thrown: unknown): void
}

/** Where the replies to one request go. */
interface ReplySink {
  /** Takes a reply and tells whether it was the last. */
  intercept(message: unknown, entry: Entry): boolean
  fail(error: Error, isAborted: boolean): void
}

interface Entry {
  readonly order: number
  readonly message: unknown
  readonly hasOwnId: boolean
  readonly options: RequestOptions
  readonly sink: ReplySink
  /** The id that it was sent with last, or brought along. */
  id?: unknown
  /** Under what it is looked up: the id's key, or the entry itself where there are no ids. */
  key?: unknown
  wasSent?: true
  timer?: Timer
  aborted?: () => void
}

/**
 * The requests of one connection that have not been settled: each is settled once, and leaves nothing behind.
 *
 *   request() ──▶ waiting ── ready() ──▶ queued ── fewer than `limit` under way ──▶ under way ──▶ settled
 *                    ▲                                                                  │
 *                    └────────────────────── lost(), with `resend` ─────────────────────┘
 */
export class PendingRequests {
  readonly #settings: RequestsSettings
  readonly #clock: Clock
  readonly #port: RequestsPort
  readonly #ids: RequestIds | undefined
  /** All of them, whatever they wait for. */
  readonly #entries = new Set<Entry>()
  readonly #inFlight = new Map<unknown, Entry>()
  /** Those under way that have a `match`, so that other messages cost nothing. */
  readonly #matching = new Set<Entry>()
  /** Those that wait for their turn on this connection. */
  readonly #queue = new Set<Entry>()
  /** Those that wait for `ready()`. */
  #waiting = new Set<Entry>()
  #order = 0
  #unmatched = 0
  #isReady = false
  #isPumping = false
  #closedWith: Error | undefined

  constructor(settings: RequestsSettings, clock: Clock, port: RequestsPort) {
    this.#settings = settings
    this.#clock = clock
    this.#port = port
    if (settings.ids) this.#ids = new RequestIds(settings.ids, settings)
  }

  /** How many requests are pending, those that have not been sent included. */
  get size(): number {
    return this.#entries.size
  }

  /** How many replies came that no request was waiting for: late, duplicate, foreign, or an error without an id. */
  get unmatched(): number {
    return this.#unmatched
  }

  /**
   * Asks, and resolves with the result of the reply. The message is read when it is sent. The promise may be left alone: a
   * rejection that comes before anybody awaits it is not "unhandled".
   *
   * @throws TypeError when the message can have no id, has one that is in use, or has neither an id nor a `match`
   */
  request(message: unknown, options: RequestOptions = {}): Promise<unknown> {
    const ends = deferred<unknown>()
    this.#add(message, options, {
      intercept: (reply) => {
        ends.resolve(this.#settings.result(reply))
        return true
      },
      fail: (error) => ends.reject(error),
    })
    return ends.promise
  }

  /**
   * Asks at once, and iterates over the results of all replies until the last. It counts as under way until then; leaving the
   * loop early forgets it. What bounds it: at most `highWaterMark` replies wait to be read.
   *
   * @throws TypeError like {@link request}
   */
  requestMany(message: unknown, options: RequestManyOptions): AsyncIterableIterator<unknown, undefined> {
    const { highWaterMark = DEFAULT_HIGH_WATER_MARK, isLast } = options
    const replies: ReplyStream = new ReplyStream(() => this.#end(entry))
    const entry = this.#add(message, options, {
      intercept: (reply, { id }) => {
        if (replies.unread >= highWaterMark) throw new UnreadRepliesError(id, replies.unread)
        replies.push(this.#settings.result(reply))
        if (!isLast(reply)) return false
        replies.end()
        return true
      },
      fail: (error, isAborted) => replies.end(error, isAborted),
    })
    return replies
  }

  /** Gives a received message to the request that it is a reply to, and tells whether there was one. */
  take(message: unknown): boolean {
    let key: unknown
    try {
      const id = this.#settings.replyId(message)
      if (id == null) return this.#takeWithoutId(message)
      key = this.#settings.idKey(id)
    } catch (thrown) {
      this.#port.onError(thrown)
      return false
    }
    const entry = this.#inFlight.get(key)
    if (entry) return this.#offer(entry, message, true)
    this.#unmatched += 1
    return false
  }

  /** Sends what waits, as far as the limit lets it: first what is asked again, then the rest in order. */
  onReady(): void {
    this.#isReady = true
    for (const entry of this.#waiting) this.#queue.add(entry)
    this.#waiting.clear()
    this.#pump()
  }

  /** The connection is lost: what was under way rejects, or waits to be asked again; what was never sent waits on. */
  onLost(error: Error): void {
    this.#isReady = false
    this.#ids?.restart()
    const kept = [...this.#inFlight.values()].filter(({ options }) => options.resend)
    for (const entry of kept) this.#removeInFlight(entry)
    this.#waiting = new Set([...kept, ...this.#queue, ...this.#waiting].sort(byTurn))
    this.#queue.clear()
    this.#failAll([...this.#inFlight.values()], error)
  }

  /** The link is being replaced: what is under way on it may still be answered, until the function returned is called. */
  retire(): (error: Error) => void {
    const old = [...this.#inFlight.values()]
    return (error) => {
      const left = old.filter((entry) => this.#inFlight.get(entry.key) === entry)
      const kept = left.filter(({ options }) => options.resend)
      for (const entry of kept) this.#removeInFlight(entry)
      for (const entry of kept) this.#queue.add(entry)
      this.#failAll(
        left.filter((entry) => !kept.includes(entry)),
        error,
      )
      this.#pump()
    }
  }

  /** The connection is closed for good: everything rejects, and so does what is asked later. */
  onClosed(error: Error): void {
    this.#closedWith ??= error
    this.#isReady = false
    this.#failAll([...this.#entries], error)
  }

  /** Rejects everything that is under way. What waits its turn goes on in the next turn of the event loop. */
  rejectAll(error: Error): void {
    this.#failAll([...this.#inFlight.values()], error)
    if (this.#queue.size > 0) this.#clock.nextTurn(() => this.#pump())
  }

  /** Writes the next id into a message that is not a request, such as a heartbeat. What has an id, or can have none, passes as it is. */
  withId(message: unknown): unknown {
    return this.#ids ? this.#ids.assignId(message) : message
  }

  /** Notes the id of a message that is sent beside the requests, a subscription say: no request of this connection will be given it. */
  markUsed(message: unknown): void {
    this.#ids?.markUsedIdOf(message)
  }

  #add(message: unknown, options: RequestOptions, outlet: ReplySink): Entry {
    if (!this.#ids && !options.match)
      throw new TypeError('A request needs a match where requests.id is false')
    const own = this.#ids?.read(message)
    this.#order += 1
    const hasOwnId = own !== undefined
    const entry: Entry = { order: this.#order, message, options, sink: outlet, hasOwnId, ...own }
    const { signal } = options
    if (this.#closedWith || signal?.aborted) {
      outlet.fail(this.#closedWith ?? toError(signal?.reason), false)
      return entry
    }
    this.#entries.add(entry)
    if (hasOwnId) this.#ids?.reserve(entry.key)
    if (signal) {
      entry.aborted = () => this.#fail(entry, toError(signal.reason), true)
      signal.addEventListener('abort', entry.aborted)
    }
    this.#startTimer(entry)
    const line = this.#isReady || this.#port.canSend() ? this.#queue : this.#waiting
    line.add(entry)
    this.#port.onChange()
    this.#pump()
    return entry
  }

  #startTimer(entry: Entry): void {
    const timeout = entry.options.timeout ?? this.#settings.timeout
    entry.timer?.cancel()
    if (timeout === false) return
    entry.timer = this.#clock.setTimeout(() => {
      this.#fail(entry, new RequestTimeoutError(timeout, entry.id, entry.wasSent === true))
    }, timeout)
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    for (const entry of this.#queue) {
      // What was asked inside @OnOpen, and is queued before ready(), may go whoever asks now.
      if (this.#inFlight.size >= this.#settings.limit || (this.#isReady && !this.#port.canSend())) break
      this.#queue.delete(entry)
      try {
        this.#send(entry)
      } catch (thrown) {
        this.#fail(entry, toError(thrown))
      }
    }
    this.#isPumping = false
  }

  #send(entry: Entry): void {
    let { message } = entry
    if (!this.#ids) {
      entry.key = entry
    } else if (entry.hasOwnId) {
      this.#ids.markUsed(entry.key)
    } else {
      const { id, key } = this.#ids.next()
      message = this.#ids.write(message, id)
      this.#ids.reserve(key)
      Object.assign(entry, { id, key })
    }
    // Before it is sent: a reply, or the loss of the connection, may come from within.
    this.#inFlight.set(entry.key, entry)
    if (entry.options.match) this.#matching.add(entry)
    entry.wasSent = true
    this.#port.send(message)
  }

  #takeWithoutId(message: unknown): boolean {
    // A copy, for a matcher that throws lets the next request go out, which this message is no reply to.
    for (const entry of [...this.#matching]) {
      if (this.#matching.has(entry) && this.#offer(entry, message, false)) return true
    }
    if (this.#settings.error(message) != null) this.#unmatched += 1
    return false
  }

  /** Gives a message to a request that may want it, and tells whether it did; what throws meanwhile ends that request. */
  #offer(entry: Entry, message: unknown, hasItsId: boolean): boolean {
    const isMatch = (): boolean => entry.options.match?.(message, entry.id) ?? true
    try {
      if (!hasItsId && !isMatch()) return false
      const details = this.#settings.error(message)
      if (details != null) {
        this.#fail(entry, new ReplyError(entry.id, details))
        return true
      }
      // An error ends its request, whatever that waits for; anything else with its id has to match, too.
      if (hasItsId && !isMatch()) return false
      if (entry.sink.intercept(message, entry)) this.#end(entry)
      else this.#startTimer(entry)
      return true
    } catch (thrown) {
      this.#fail(entry, toError(thrown))
      return hasItsId
    }
  }

  #fail(entry: Entry, error: Error, isAborted = false): void {
    entry.sink.fail(error, isAborted)
    this.#end(entry)
  }

  #failAll(entries: readonly Entry[], error: Error): void {
    if (entries.length === 0) return
    for (const entry of entries) {
      this.#remove(entry)
      entry.sink.fail(error, false)
    }
    this.#port.onChange()
  }

  #end(entry: Entry): void {
    if (!this.#remove(entry)) return
    this.#port.onChange()
    this.#pump()
  }

  #remove(entry: Entry): boolean {
    if (!this.#entries.delete(entry)) return false
    this.#removeInFlight(entry)
    this.#queue.delete(entry)
    this.#waiting.delete(entry)
    if (entry.hasOwnId) this.#ids?.release(entry.key)
    entry.timer?.cancel()
    if (entry.aborted) entry.options.signal?.removeEventListener('abort', entry.aborted)
    return true
  }

  /** Takes a request from under way. An id that was made for it is good for this connection only. */
  #removeInFlight(entry: Entry): void {
    if (this.#inFlight.get(entry.key) !== entry) return
    this.#inFlight.delete(entry.key)
    this.#matching.delete(entry)
    if (!entry.hasOwnId) this.#ids?.release(entry.key)
  }
}

function byTurn(a: Entry, b: Entry): number {
  return Number(b.wasSent ?? false) - Number(a.wasSent ?? false) || a.order - b.order
}
