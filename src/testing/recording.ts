import { describeValue } from '../core/describe-value.js'

/** A link that opened. */
export interface RecordedOpen {
  /** Seconds since the recording started. */
  readonly t: number
  /** Kind of the event. */
  readonly d: 'open'
  /** Number of the link. */
  readonly link?: number | undefined
  /** URL, by default without its query. */
  readonly url?: string | undefined
  /** Wall-clock time at which the link opened, or at which the recording started if that was later (ISO 8601). */
  readonly date?: string | undefined
  /** Subprotocol that the server chose. */
  readonly protocol?: string | undefined
}

/** One message: `text` contains the exact text, or `b64` the exact bytes in base64. */
export interface RecordedMessage {
  /** Seconds since the recording started. */
  readonly t: number
  /** Direction, as seen from the client. */
  readonly d: 'send' | 'recv'
  /** Number of the link. */
  readonly link?: number | undefined
  /** Text of the message. */
  readonly text?: string | undefined
  /** Bytes of the message in base64. */
  readonly b64?: string | undefined
}

/** A link that ended. */
export interface RecordedClose {
  /** Seconds since the recording started. */
  readonly t: number
  /** Kind of the event. */
  readonly d: 'close'
  /** Number of the link. */
  readonly link?: number | undefined
  /** Close code received; 1006 if there was no close frame. */
  readonly code?: number | undefined
  /** Reason in the close frame. */
  readonly reason?: string | undefined
  /** Close code that the client sent, if it was the first to close. */
  readonly sentCode?: number | undefined
  /** Message of the error that ended the link. */
  readonly error?: string | undefined
}

/** An attempt to connect that failed. */
export interface RecordedFailure {
  /** Seconds since the recording started. */
  readonly t: number
  /** Kind of the event. */
  readonly d: 'fail'
  /** Number of the attempt, starting at 1. */
  readonly attempt?: number | undefined
  /** URL, by default without its query. */
  readonly url?: string | undefined
  /** HTTP status of the server's response, if it sent one. */
  readonly status?: number | undefined
  /** Message of the error. */
  readonly error?: string | undefined
}

/** One line of a recording. `d` is seen from the client: `send` is from the client to the server. */
export type RecordedEvent = RecordedOpen | RecordedMessage | RecordedClose | RecordedFailure

const KINDS: readonly unknown[] = ['open', 'send', 'recv', 'close', 'fail']

/**
 * Reads a recording.
 *
 * @param recording the whole text, or its lines
 * @throws SyntaxError if a line is not part of a recording; the error names the line
 */
export function readRecording(recording: string | Iterable<string>): RecordedEvent[] {
  const lines = typeof recording === 'string' ? recording.split('\n') : [...recording]
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [readLine(line, index + 1)]))
}

function readLine(line: string, number: number): RecordedEvent {
  const event = parse(line)
  const mistake = mistakeIn(event)
  if (mistake === undefined) return event as RecordedEvent
  throw new SyntaxError(`Line ${number} of the recording is invalid: ${mistake}`)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return line
  }
}

function mistakeIn(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null)
    return `expected a JSON object, received ${describeValue(event)}`
  const { t, d, text, b64 } = event as Readonly<Record<string, unknown>>
  if (typeof t !== 'number') return `expected t to be a number, received ${describeValue(t)}`
  if (!KINDS.includes(d)) return `expected d to be one of ${KINDS.join(', ')}`
  const isMessage = d === 'send' || d === 'recv'
  if (isMessage && typeof text !== 'string' && typeof b64 !== 'string')
    return 'a message needs text or b64, which must be a string'
  return undefined
}

/** Returns the data of a recorded message: a string for text, bytes for binary. */
export function dataOf({ text, b64 = '' }: RecordedMessage): string | Uint8Array {
  return text ?? new Uint8Array(Buffer.from(b64, 'base64'))
}
