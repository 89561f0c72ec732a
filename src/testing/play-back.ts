import { systemClock } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { redactUrl } from '../core/url.js'
import { ConnectFailedError, HandshakeError } from '../errors/connection-errors.js'
import type { Connect } from '../transports/transport.js'
import { MemoryServer } from './memory-server.js'
import type { Peer } from './peer.js'
import { dataOf, readRecording } from './recording.js'
import type {
  RecordedClose,
  RecordedEvent,
  RecordedFailure,
  RecordedMessage,
  RecordedOpen,
} from './recording.js'

/** Options of {@link playBack}. */
export interface PlayBackOptions {
  /**
   * Playback speed: 1 is the recorded speed, and 2 is twice that speed. With `Infinity`, there are no gaps, and each event happens in a
   * separate turn of the event loop.
   *
   * @default Infinity
   */
  readonly speed?: number | undefined
  /**
   * Clock for the gaps between the events, and for the turns. With a `FakeClock`, `settle()` plays everything that is due.
   *
   * @default the system clock
   */
  readonly clock?: Clock | undefined
  /**
   * Whether an event waits until the client has sent as many messages on its link as the recorded client had sent before the event.
   *
   * @default false
   */
  readonly waitForSends?: boolean | undefined
}

/** One link of a recording, or one failed attempt. */
interface Section {
  readonly start: RecordedOpen | RecordedFailure | undefined
  readonly events: (RecordedMessage | RecordedClose)[]
}

/** Close code if the recording does not contain one. */
const NORMAL = 1_000

/**
 * Plays a recording: acts as the server of a client. Pass its `connect` as the `transport` option.
 *
 * @param recording the whole text, its lines, or the events from `readRecording`
 * @throws SyntaxError if a line is not part of a recording
 * @throws RangeError if the speed is not greater than 0
 */
export function playBack(
  recording: string | Iterable<string> | Iterable<RecordedEvent>,
  options: PlayBackOptions = {},
): Playback {
  return new Playback(eventsOf(recording), options)
}

function eventsOf(recording: string | Iterable<string | RecordedEvent>): readonly RecordedEvent[] {
  if (typeof recording === 'string') return readRecording(recording)
  const items = [...recording]
  return areLines(items) ? readRecording(items) : (items as RecordedEvent[])
}

function areLines(items: readonly (string | RecordedEvent)[]): items is string[] {
  return items.every((item) => typeof item === 'string')
}

/** Recording that is being played; see {@link playBack}. */
export class Playback {
  /** Messages that the client has sent so far, on all links. */
  readonly sent: (string | Uint8Array)[] = []
  /** Messages that the recorded client sent, in order. */
  readonly recordedSent: readonly (string | Uint8Array)[]
  readonly #sections: Section[]
  readonly #pace: Pace
  readonly #finished: Deferred<void> = deferred()
  readonly #server = new MemoryServer((peer) => this.attempt(peer))
  #running = 0

  /** @internal */
  constructor(events: readonly RecordedEvent[], options: PlayBackOptions) {
    const { speed = Infinity, clock = systemClock, waitForSends = false } = options
    if (!(speed > 0)) throw new RangeError(`speed must be greater than 0, received ${speed}`)
    this.recordedSent = events.flatMap((event) => (event.d === 'send' ? [dataOf(event)] : []))
    this.#sections = sectionsOf(events)
    this.#pace = { speed, clock, waitForSends }
    if (this.#sections.length === 0) this.#finished.resolve()
  }

  /** Resolves once everything has been played. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  /** Connects a client. Pass it as the `transport` option. */
  get connect(): Connect {
    return this.#server.connect
  }

  /** Plays the next link or failure of the recording. Once there is none, attempts fail. Use it as a step of a script. */
  readonly attempt = (peer: Peer): void => {
    const section = this.#sections.shift()
    if (section) this.#play(section, peer)
    else peer.refuse(new ConnectFailedError(redactUrl(peer.url), new Error('the recording has ended')))
  }

  #play(section: Section, peer: Peer): void {
    this.#running += 1
    const player = new SectionPlayer(section, peer, this.#pace, () => this.#onPlayed())
    peer.onMessage = (data) => {
      this.sent.push(data)
      player.onSent()
    }
    peer.onEnd = () => player.stop()
    player.start()
  }

  #onPlayed(): void {
    this.#running -= 1
    if (this.#running === 0 && this.#sections.length === 0) this.#finished.resolve()
  }
}

/** Splits a recording into its links. Without link numbers, each `open` begins a new one. */
function sectionsOf(events: readonly RecordedEvent[]): Section[] {
  const sections: Section[] = []
  const links = new Map<number | undefined, Section>()
  for (const event of events) {
    if (event.d === 'open' || event.d === 'fail') {
      const section: Section = { start: event, events: [] }
      sections.push(section)
      if (event.d === 'open') links.set(event.link, section)
    } else {
      let section = links.get(event.link)
      if (!section) {
        section = { start: undefined, events: [] }
        sections.push(section)
        links.set(event.link, section)
      }
      section.events.push(event)
    }
  }
  return sections
}

type Pace = Required<{ [Key in keyof PlayBackOptions]: Exclude<PlayBackOptions[Key], undefined> }>

/** Plays one link of a recording, or one failed attempt. */
class SectionPlayer {
  readonly #section: Section
  readonly #peer: Peer
  readonly #pace: Pace
  readonly #onPlayed: () => void
  /** Recorded time of the last event played, in seconds. */
  #time: number | undefined
  #next = 0
  /** Number of messages that the client still has to send, compared with the recording. */
  #owed = 0
  #timer: Timer | undefined
  #isOver = false

  constructor(section: Section, peer: Peer, pace: Pace, onPlayed: () => void) {
    this.#section = section
    this.#peer = peer
    this.#pace = pace
    this.#onPlayed = onPlayed
    this.#time = section.start?.t
  }

  start(): void {
    const { start } = this.#section
    if (start?.d === 'fail') {
      this.#peer.refuse(this.#failureOf(start))
      this.stop()
      return
    }
    this.#peer.accept(start?.protocol === undefined ? {} : { protocol: start.protocol })
    this.#schedule()
  }

  #failureOf({ status, error = 'refused' }: RecordedFailure): Error {
    const url = redactUrl(this.#peer.url)
    if (status !== undefined) return new HandshakeError(url, error, { status })
    return new ConnectFailedError(url, new Error(error.replace(/^Failed to connect to \S+: /, '')))
  }

  /** Called when the client has sent a message. */
  onSent(): void {
    this.#owed -= 1
    this.#schedule()
  }

  /** Ends the section: everything has been played, or the client has ended the link. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#onPlayed()
  }

  #schedule(): void {
    if (this.#isOver || this.#timer) return
    const { clock, speed, waitForSends } = this.#pace
    const event = this.#nextEvent()
    if (!event) {
      this.stop()
      return
    }
    if (waitForSends && this.#owed > 0) return
    const gap = ((event.t - (this.#time ?? event.t)) * 1_000) / speed
    const play = (): void => this.#play(event)
    this.#timer = gap > 0 ? clock.setTimeout(play, gap) : clock.nextTurn(play)
  }

  /** Returns the next event that the server causes, and counts the messages that the recorded client sent before it. */
  #nextEvent(): RecordedMessage | RecordedClose | undefined {
    const { events } = this.#section
    while (events[this.#next]?.d === 'send') {
      this.#next += 1
      this.#owed += 1
    }
    return events[this.#next]
  }

  #play(event: RecordedMessage | RecordedClose): void {
    this.#timer = undefined
    this.#next += 1
    this.#time = event.t
    if (event.d === 'close') this.#close(event)
    else this.#peer.send(dataOf(event))
    this.#schedule()
  }

  #close({ code = NORMAL, reason = '', error }: RecordedClose): void {
    if (code === 1006) this.#peer.drop(error === undefined ? undefined : new Error(error))
    else this.#peer.close(code, reason)
  }
}
