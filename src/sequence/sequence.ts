/** A number that a message carries; `bigint` where it can be above 2^53. */
export type SequenceNumber = number | bigint

/** Numbers of a stream that have not come. */
export interface SequenceGap {
  readonly stream: string | number
  /** The first missing number. */
  readonly from: SequenceNumber
  /** The last missing number; `from` where it is one. */
  readonly to: SequenceNumber
}

/** A message that has come before. */
export interface SequenceDuplicate {
  readonly stream: string | number
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
export interface SequenceOptions {
  /** So many further messages of the stream may come before a missing number is reported as a gap; 0 for at once. @default 100 */
  readonly window?: number
  /** The number that every stream begins with; `any` takes the first one that comes. @default 'any' */
  readonly start?: 'any' | SequenceNumber
  /** How far a number is from the next one. @default 1 */
  readonly step?: number
  /** So many streams are remembered; past it the one that has been silent longest is forgotten. @default 10_000 */
  readonly maxStreams?: number
  /** Called once for each run of numbers that has not come within the window. */
  readonly onGap?: (gap: SequenceGap) => void
  /** Called for each duplicate. */
  readonly onDuplicate?: (duplicate: SequenceDuplicate) => void
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

/** Tells gaps and duplicates in numbered streams, and tolerates that messages overtake each other within a window. */
export class Sequence {
  readonly #window: number
  readonly #start: 'any' | SequenceNumber
  readonly #step: number
  readonly #maxStreams: number
  readonly #onGap: SequenceOptions['onGap']
  readonly #onDuplicate: SequenceOptions['onDuplicate']
  /** The one that has been silent longest comes first. */
  readonly #streams = new Map<string | number, Stream>()

  /** @throws TypeError for an option that cannot be used */
  constructor(options: SequenceOptions = {}) {
    const { window = DEFAULT_WINDOW, start = 'any', step = 1, maxStreams = DEFAULT_MAX_STREAMS } = options
    checkInteger('window', window, 0)
    checkInteger('step', step, 1)
    checkInteger('maxStreams', maxStreams, 1)
    if (start !== 'any') checkNumber('start', start)
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
   * @throws TypeError for what is no integer, or an unsafe one: read numbers above 2^53 as `bigint`
   */
  check(stream: string | number, number: SequenceNumber, previous?: SequenceNumber): SequenceVerdict {
    checkNumber('number', number)
    if (previous !== undefined) checkNumber('previous', previous)
    const range = { after: previous ?? plus(number, -this.#step), through: number }
    const state = this.#streamFor(stream, range)
    const verdict = this.#place(state, range)
    if (verdict === 'duplicate') {
      this.#onDuplicate?.({ stream, number })
      return verdict
    }
    state.count += 1
    const gaps = giveUp(state)
    for (const { after, through } of gaps) {
      this.#onGap?.({ stream, from: plus(after, this.#step), to: through })
    }
    return gaps.length > 0 ? 'gap' : verdict
  }

  /** Forgets a stream, or all of them: after a reconnect, a snapshot, a new subscription. What was missing is not reported. */
  reset(stream?: string | number): void {
    if (stream === undefined) this.#streams.clear()
    else this.#streams.delete(stream)
  }

  /** Finds the stream and makes it the latest; one that is new, or begins anew, is as if all before its start had come. */
  #streamFor(name: string | number, range: Range): Stream {
    const known = range.after > range.through ? undefined : this.#streams.get(name)
    this.#streams.delete(name)
    const stream = known ?? this.#begin(range)
    this.#streams.set(name, stream)
    if (this.#streams.size > this.#maxStreams) {
      const [silent] = this.#streams.keys()
      this.#streams.delete(silent as string | number)
    }
    return stream
  }

  #begin({ after, through }: Range): Stream {
    if (after > through) return { count: 0, highest: through, holes: [], lost: [] }
    if (this.#start !== 'any') {
      const start = typeof through === 'bigint' ? BigInt(this.#start) : Number(this.#start)
      return { count: 0, highest: plus(start, -this.#step), holes: [], lost: [] }
    }
    // The first to come may have overtaken others: so all before it may still come, and need not.
    const before = { after: -Infinity, through: after, deadline: 1 + this.#window }
    return { count: 0, highest: after, holes: [before], lost: [] }
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

/** Removes the holes whose time has come, and returns those that are to be reported. */
function giveUp(stream: Stream): readonly Range[] {
  const [first] = stream.holes
  if (!first || first.deadline > stream.count) return []
  const gaps = stream.holes.filter(({ deadline, after }) => deadline <= stream.count && after !== -Infinity)
  stream.holes = stream.holes.filter(({ deadline }) => deadline > stream.count)
  stream.lost = [...stream.lost, ...gaps].slice(-REMEMBERED_GAPS)
  return gaps
}

function plus(number: SequenceNumber, step: number): SequenceNumber {
  return typeof number === 'bigint' ? number + BigInt(step) : number + step
}

function checkInteger(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new TypeError(`${name} must be an integer of at least ${least}, and is ${String(value)}`)
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return
  throw new TypeError(
    `${name} must be an integer up to 2^53, or a bigint, and is ${typeof value} ${String(value)}`,
  )
}
