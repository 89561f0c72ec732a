import { checkInteger, checkNumber, plus } from './numbers.js'
import type { SequenceNumber } from './numbers.js'
import { Rollover } from './rollover.js'
import type { RolloverOptions } from './rollover.js'

/** Numbers of a stream that have not come. */
export interface SequenceGap<Key = string> {
  readonly stream: Key
  /** The first missing number. */
  readonly from: SequenceNumber
  /** The last missing number; `from` if it is one. Below `from` if the numbers rolled over within the gap. */
  readonly to: SequenceNumber
}

/** A message that has come before. */
export interface SequenceDuplicate<Key = string> {
  readonly stream: Key
  readonly number: SequenceNumber
}

/**
 * What a message is to its stream:
 *
 * - `ok`: the next one
 * - `early`: some before it are missing, and may still come
 * - `late`: it had been missing
 * - `duplicate`: it has come before, or is older than anything that is remembered
 * - `gap`: new, whether in order or not, and with it something that was missing is given up: `onGap` has been told what
 */
export type SequenceVerdict = 'ok' | 'early' | 'late' | 'duplicate' | 'gap'

/** How a {@link Sequence} counts. */
export interface SequenceOptions<Key = string> {
  /** So many further messages of the stream may come before a missing number is reported as a gap; 0 for at once. @default 100 */
  readonly window?: number | undefined
  /** The number that every stream begins with; `any` takes the first one that comes. @default 'any' */
  readonly start?: 'any' | SequenceNumber | undefined
  /** How far a number is from the next one. @default 1 */
  readonly step?: number | undefined
  /**
   * Bounds of numbers that wrap around: `lowest` follows `highest`. A number counts as new or old by whichever is closer, so that half
   * a round is the longest gap that can be seen. Without it the numbers only rise.
   */
  readonly rollover?: RolloverOptions | undefined
  /** So many streams are remembered; past it the one that has been silent longest is forgotten. @default 10_000 */
  readonly maxStreams?: number | undefined
  /** Called once for each run of numbers that has not come within the window. */
  readonly onGap?: ((gap: SequenceGap<Key>) => void) | undefined
  /** Called for each duplicate. */
  readonly onDuplicate?: ((duplicate: SequenceDuplicate<Key>) => void) | undefined
}

/** The numbers above `after`, up to and including `through`. */
interface Range {
  readonly after: SequenceNumber
  readonly through: SequenceNumber
}

interface Hole extends Range {
  /** The count of messages at which it is given up. */
  readonly deadline: number
}

interface Stream {
  /** Messages so far, without duplicates. */
  count: number
  /** Everything up to here has come, but for what is in `holes` and `lost`. */
  highest: SequenceNumber
  /** What is missing: by rising number, and so by rising deadline. At most one per message of the window, and the beginning. */
  holes: readonly Hole[]
  /** What has been reported, so that it is told from a duplicate if it comes after all. */
  lost: readonly Range[]
}

const DEFAULT_WINDOW = 100
const DEFAULT_MAX_STREAMS = 10_000

/** So many reported gaps are remembered per stream. */
const REMEMBERED_GAPS = 100

/** Says that the next number begins the stream, whichever it is. */
const RESTARTED = 'restarted'
type Restarted = typeof RESTARTED

/**
 * Tells gaps and duplicates in numbered streams, and tolerates that messages overtake each other within a window.
 *
 * @typeParam Key names a stream; any key of a `Map`
 */
export class Sequence<Key = string> {
  readonly #window: number
  readonly #start: 'any' | SequenceNumber
  readonly #step: number
  readonly #rollover: Rollover | undefined
  readonly #maxStreams: number
  readonly #onGap: SequenceOptions<Key>['onGap']
  readonly #onDuplicate: SequenceOptions<Key>['onDuplicate']
  /** The one that has been silent longest comes first. */
  readonly #streams = new Map<Key, Stream | Restarted>()

  /** @throws TypeError for an option that cannot be used */
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

  /** How many streams are remembered. */
  get size(): number {
    return this.#streams.size
  }

  /**
   * Takes note of a message.
   *
   * @param stream whatever has numbers of its own: a channel, a product, the connection
   * @param number the message's number; the last one, where it covers several
   * @param previous the number that it follows, where messages name it (or their first number, less one); it need not be one step
   * away. If it is above `number`, the stream begins anew
   * @throws TypeError for what is no integer, or an unsafe one: read numbers above 2^53 as `bigint`; with `rollover` also for what is
   * outside of its bounds
   */
  check(stream: Key, number: SequenceNumber, previous?: SequenceNumber): SequenceVerdict {
    checkNumber('number', number)
    if (previous !== undefined) checkNumber('previous', previous)
    const known = this.#streams.get(stream)
    const range = this.#rollover
      ? this.#unwrap(this.#rollover, known, number, previous)
      : { after: previous ?? plus(number, -this.#step), through: number }
    const state = this.#update(stream, known, range)
    const verdict = this.#place(state, range)
    if (verdict === 'duplicate') {
      this.#onDuplicate?.({ stream, number })
      return verdict
    }
    state.count += 1
    const gaps = giveUp(state, (hole) => hole.deadline <= state.count)
    this.#report(stream, gaps)
    return gaps.length > 0 ? 'gap' : verdict
  }

  /**
   * Forgets a stream, or all of them: after a reconnect, a snapshot, a new subscription. What was missing is not reported. The stream
   * begins again as `start` says.
   */
  reset(stream?: Key): void {
    if (stream === undefined) this.#streams.clear()
    else this.#streams.delete(stream)
  }

  /**
   * Begins a stream anew, because the server counts again while the connection goes on. What was missing can no longer come, and is
   * reported to `onGap` now. The next number is `ok`, whichever it is and whatever `start` says; nothing before it is missed.
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

  /** Returns the positions of a message's numbers, which go on rising where the numbers roll over. */
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

  /** Makes a stream the latest; one that is new, or begins anew, is as if all before its start had come. */
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
    // The first to come may have overtaken others: so all before it may still come, and need not.
    const before = { after: -Infinity, through: after, deadline: 1 + this.#window }
    return streamFrom(after, [before])
  }

  #place(stream: Stream, range: Range): SequenceVerdict {
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
    // "Nothing since" is said by a message that follows itself (OKX).
    if (after >= through) return 'ok'
    return fill(stream, range) ? 'late' : 'duplicate'
  }
}

/** Makes a stream of which everything up to here counts as come. */
function streamFrom(highest: SequenceNumber, holes: readonly Hole[] = []): Stream {
  return { count: 0, highest, holes, lost: [] }
}

/** Takes a range out of what is missing, and tells whether anything of it was. */
function fill(stream: Stream, range: Range): boolean {
  const holes = without(stream.holes, range)
  const lost = without(stream.lost, range)
  const isFilled = holes !== stream.holes || lost !== stream.lost
  stream.holes = holes
  stream.lost = lost.slice(-REMEMBERED_GAPS)
  return isFilled
}

/** Returns the ranges without what is in `taken`; the very same ones if nothing is. */
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

/** Removes the holes that are over, and returns those that are to be reported. */
function giveUp(stream: Stream, isOver: (hole: Hole) => boolean): readonly Range[] {
  const [first] = stream.holes
  if (!first || !isOver(first)) return []
  const gaps = stream.holes.filter((hole) => isOver(hole) && hole.after !== -Infinity)
  stream.holes = stream.holes.filter((hole) => !isOver(hole))
  stream.lost = [...stream.lost, ...gaps].slice(-REMEMBERED_GAPS)
  return gaps
}
