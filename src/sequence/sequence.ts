import { checkInteger, checkNumber, plus } from './numbers.js'
import type { SequenceNumber } from './numbers.js'
import { Rollover } from './rollover.js'
import type { RolloverOptions } from './rollover.js'

/** Missing numbers in a stream. */
export interface SequenceGap<Key = string> {
  /** Stream that the numbers are missing in. */
  readonly stream: Key
  /** The first missing number. */
  readonly from: SequenceNumber
  /** The last missing number. Equals `from` if only one is missing. Less than `from` if the numbers rolled over within the gap. */
  readonly to: SequenceNumber
}

/** A message that has already arrived. */
export interface SequenceDuplicate<Key = string> {
  /** Stream of the message. */
  readonly stream: Key
  /** Number of the message. */
  readonly number: SequenceNumber
}

/**
 * Position of a message in its stream:
 *
 * - `ok`: the next message
 * - `early`: messages before this one are missing, but may still arrive
 * - `late`: a message that was missing
 * - `duplicate`: a message that has already arrived, or that is older than the remembered numbers
 * - `gap`: a new message, in order or not, after which missing messages are considered lost. `onGap` has been called with their numbers
 */
export type SequenceResult = 'ok' | 'early' | 'late' | 'duplicate' | 'gap'

/** Options of a {@link Sequence}. */
export interface SequenceOptions<Key = string> {
  /** Number of later messages in the stream after which a missing number is reported as a gap. 0 reports it immediately. @default 100 */
  readonly window?: number | undefined
  /** First number of every stream. `'any'` accepts the first number that arrives. @default 'any' */
  readonly start?: 'any' | SequenceNumber | undefined
  /** Distance between consecutive numbers. @default 1 */
  readonly step?: number | undefined
  /**
   * Bounds of numbers that wrap around: `lowest` follows `highest`. A number is treated as new or old, whichever is closer, so the longest
   * detectable gap is half a cycle. If not set, numbers are expected only to increase.
   */
  readonly rollover?: RolloverOptions | undefined
  /** Maximum number of remembered streams. Beyond it, the stream that has been silent longest is removed. @default 10_000 */
  readonly maxStreams?: number | undefined
  /** Called once for each range of numbers that did not arrive within the window. */
  readonly onGap?: ((gap: SequenceGap<Key>) => void) | undefined
  /** Called for each duplicate. */
  readonly onDuplicate?: ((duplicate: SequenceDuplicate<Key>) => void) | undefined
}

/** Numbers above `after`, up to and including `through`. */
interface Range {
  readonly after: SequenceNumber
  readonly through: SequenceNumber
}

interface Hole extends Range {
  /** Message count at which the missing messages are considered lost. */
  readonly deadline: number
}

interface Stream {
  /** Number of messages so far, not counting duplicates. */
  count: number
  /** Highest number. All numbers up to it have arrived, except those in `holes` and `lost`. */
  highest: SequenceNumber
  /**
   * Missing ranges, in ascending order of numbers and deadlines. At most one per message in the window, plus one before the start of the
   * stream.
   */
  holes: readonly Hole[]
  /** Reported gaps. They distinguish a message that arrives after its gap was reported from a duplicate. */
  lost: readonly Range[]
}

const DEFAULT_WINDOW = 100
const DEFAULT_MAX_STREAMS = 10_000

/** Number of reported gaps that are remembered per stream. */
const REMEMBERED_GAPS = 100

/** Marks a stream that restarts with the next number that arrives, whatever it is. */
const RESTARTED = 'restarted'
type Restarted = typeof RESTARTED

/**
 * Detects gaps and duplicates in numbered streams. Messages may arrive out of order within a window.
 *
 * @typeParam Key identifies a stream. Any value that can be a `Map` key works
 */
export class Sequence<Key = string> {
  readonly #window: number
  readonly #start: 'any' | SequenceNumber
  readonly #step: number
  readonly #rollover: Rollover | undefined
  readonly #maxStreams: number
  readonly #onGap: SequenceOptions<Key>['onGap']
  readonly #onDuplicate: SequenceOptions<Key>['onDuplicate']
  /** Ordered by the time of the last message, so that the stream that has been silent longest comes first. */
  readonly #streams = new Map<Key, Stream | Restarted>()

  /** @throws TypeError if an option is invalid */
  constructor(options: SequenceOptions<Key> = {}) {
    const { window = DEFAULT_WINDOW, start = 'any', step = 1, maxStreams = DEFAULT_MAX_STREAMS } = options
    checkInteger('window', window, 0)
    checkInteger('step', step, 1)
    checkInteger('maxStreams', maxStreams, 1)
    this.#rollover = options.rollover && new Rollover(options.rollover, step)
    if (start !== 'any') {
      checkNumber('start', start)
      this.#rollover?.check('start', start)
    }
    this.#window = window
    this.#start = start
    this.#step = step
    this.#maxStreams = maxStreams
    this.#onGap = options.onGap
    this.#onDuplicate = options.onDuplicate
  }

  /** Number of remembered streams. */
  get size(): number {
    return this.#streams.size
  }

  /**
   * Records a message.
   *
   * @param stream identifies whatever is numbered separately: a channel, a product or the connection
   * @param number the message's number. If the message covers several numbers, pass the last one
   * @param previous the number of the previous message, if messages contain it. If messages contain the first number that they cover, pass
   * that number minus one. `previous` can be more than one step below `number`. If it is greater than `number`, the stream starts over
   * @throws TypeError if a number is neither a safe integer nor a bigint, or is outside the bounds of `rollover`. Parse numbers above 2^53
   * as `bigint`
   */
  check(stream: Key, number: SequenceNumber, previous?: SequenceNumber): SequenceResult {
    checkNumber('number', number)
    if (previous !== undefined) checkNumber('previous', previous)
    const known = this.#streams.get(stream)
    const range = this.#rollover
      ? this.#unwrap(this.#rollover, known, number, previous)
      : { after: previous ?? plus(number, -this.#step), through: number }
    const state = this.#update(stream, known, range)
    const result = this.#place(state, range)
    if (result === 'duplicate') {
      this.#onDuplicate?.({ stream, number })
      return result
    }
    state.count += 1
    const gaps = giveUp(state, (hole) => hole.deadline <= state.count)
    this.#report(stream, gaps)
    return gaps.length > 0 ? 'gap' : result
  }

  /**
   * Removes one stream or, if called without an argument, all streams. Use it, for example, after a reconnect, a snapshot or a new
   * subscription. Missing numbers are not reported. A removed stream starts over according to `start`.
   */
  reset(stream?: Key): void {
    if (stream === undefined) this.#streams.clear()
    else this.#streams.delete(stream)
  }

  /**
   * Restarts a stream. Call it if the server restarts its numbering while the connection continues. Missing numbers can no longer arrive,
   * so they are reported to `onGap` immediately. The next number is `ok`, whatever it is and regardless of `start`. Numbers before it are
   * not treated as missing.
   */
  restart(stream: Key): void {
    const known = this.#streams.get(stream)
    this.#remember(stream, RESTARTED)
    if (known === undefined || known === RESTARTED) return
    this.#report(
      stream,
      giveUp(known, () => true),
    )
  }

  #report(stream: Key, gaps: readonly Range[]): void {
    const shown = (position: SequenceNumber): SequenceNumber => this.#rollover?.numberAt(position) ?? position
    for (const { after, through } of gaps) {
      this.#onGap?.({ stream, from: shown(plus(after, this.#step)), to: shown(through) })
    }
  }

  /** Returns the positions of a message's numbers. Positions keep increasing when numbers roll over. */
  #unwrap(
    rollover: Rollover,
    known: Stream | Restarted | undefined,
    number: SequenceNumber,
    previous: SequenceNumber | undefined,
  ): Range {
    rollover.check('number', number)
    if (previous !== undefined) rollover.checkPrevious('previous', previous)
    const through = rollover.positionOf(number, this.#highestOf(known) ?? number)
    const after = previous === undefined ? plus(through, -this.#step) : rollover.positionOf(previous, through)
    return { after, through }
  }

  #highestOf(known: Stream | Restarted | undefined): SequenceNumber | undefined {
    if (known === RESTARTED) return undefined
    return known?.highest ?? (this.#start === 'any' ? undefined : plus(this.#start, -this.#step))
  }

  /**
   * Returns a stream, and marks it as the one with the latest message. In a new or restarted stream, all numbers before its start are
   * treated as arrived.
   */
  #update(name: Key, known: Stream | Restarted | undefined, range: Range): Stream {
    const stream = this.#continued(known, range)
    this.#remember(name, stream)
    return stream
  }

  #continued(known: Stream | Restarted | undefined, range: Range): Stream {
    const { after, through } = range
    if (after > through) return streamFrom(through)
    if (known === RESTARTED) return streamFrom(after)
    return known ?? this.#begin(range)
  }

  #remember(name: Key, stream: Stream | Restarted): void {
    this.#streams.delete(name)
    this.#streams.set(name, stream)
    if (this.#streams.size <= this.#maxStreams) return
    const [silent] = this.#streams.keys()
    this.#streams.delete(silent as Key)
  }

  #begin({ after, through }: Range): Stream {
    if (this.#start !== 'any') {
      const start = typeof through === 'bigint' ? BigInt(this.#start) : Number(this.#start)
      return streamFrom(plus(start, -this.#step))
    }
    // The first message may have arrived ahead of earlier ones. Those may still arrive, but they are not missing.
    const before = { after: -Infinity, through: after, deadline: 1 + this.#window }
    return streamFrom(after, [before])
  }

  #place(stream: Stream, range: Range): SequenceResult {
    const { highest } = stream
    const { after, through } = range
    if (through > highest) {
      stream.highest = through
      if (after > highest) {
        const hole = { after: highest, through: after, deadline: stream.count + 1 + this.#window }
        stream.holes = [...stream.holes, hole]
        return 'early'
      }
      if (after < highest) fill(stream, range)
      return 'ok'
    }
    // On OKX, a message whose previous number equals its own means that nothing has changed.
    if (after >= through) return 'ok'
    return fill(stream, range) ? 'late' : 'duplicate'
  }
}

/** Returns a stream in which all numbers up to `highest` are treated as arrived. */
function streamFrom(highest: SequenceNumber, holes: readonly Hole[] = []): Stream {
  return { count: 0, highest, holes, lost: [] }
}

/** Removes a range from the missing numbers, and returns whether any of it was missing. */
function fill(stream: Stream, range: Range): boolean {
  const holes = without(stream.holes, range)
  const lost = without(stream.lost, range)
  const isFilled = holes !== stream.holes || lost !== stream.lost
  stream.holes = holes
  stream.lost = lost.slice(-REMEMBERED_GAPS)
  return isFilled
}

/** Returns the ranges, excluding the numbers in `taken`. Returns the same array if the ranges contain none of them. */
function without<R extends Range>(ranges: readonly R[], taken: Range): readonly R[] {
  const isIn = (range: R): boolean => range.after < taken.through && taken.after < range.through
  if (!ranges.some(isIn)) return ranges
  return ranges.flatMap((range) => {
    if (!isIn(range)) return [range]
    const rest = [
      { ...range, through: taken.after },
      { ...range, after: taken.through },
    ]
    return rest.filter(({ after, through }) => after < through)
  })
}

/** Removes the holes for which `isOver` returns true, and returns the gaps to report. */
function giveUp(stream: Stream, isOver: (hole: Hole) => boolean): readonly Range[] {
  const [first] = stream.holes
  if (!first || !isOver(first)) return []
  const gaps = stream.holes.filter((hole) => isOver(hole) && hole.after !== -Infinity)
  stream.holes = stream.holes.filter((hole) => !isOver(hole))
  stream.lost = [...stream.lost, ...gaps].slice(-REMEMBERED_GAPS)
  return gaps
}
