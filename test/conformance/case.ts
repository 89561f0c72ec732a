import { createHash } from 'node:crypto'
import type { Payload } from './wire.js'

/** Result of a case, in words that are the same for every client. */
export interface Outcome {
  /** Messages, pings and pongs as they were delivered, in order. */
  readonly delivered: readonly string[]
  /**
   * The last ping, if the connection lasted long enough for an answer. A client does not have to answer every ping (RFC 6455, section
   * 5.5.3), so it can choose which of the earlier ones it answers.
   */
  readonly answered: string | undefined
  /** The client's close frame, as the server read it. */
  readonly sent: string
  /** The close that the client reported. */
  readonly received: string
  /** The name that `ws` gives to the violation. */
  readonly violation: string | undefined
  /** A fact that never became true. No case expects one. */
  readonly stuck?: string
}

/** Limits that a case runs with. */
export interface Limits {
  readonly maxPayload: number
  readonly maxFragments: number
}

/** One sequence of bytes from a server, and the expected result. */
export interface ConformanceCase {
  /** The number of the Autobahn case, or a name if Autobahn does not have it. */
  readonly id: string
  readonly title: string
  /** Pieces to write one after the other, usually one frame each. */
  readonly pieces: readonly Uint8Array[]
  /** Action of the server after that: close with 1000, end the stream without a close, or nothing. */
  readonly ending: 'close' | 'end' | 'nothing'
  readonly expected: Outcome
  readonly limits?: Partial<Limits>
}

/** Anything longer, in characters, is represented by its length and its digest. */
const LONGEST = 300

/** Words for a delivery. */
export const aText = (payload: Payload): string => `text ${inWords(asText(payload))}`
export const aBinary = (payload: Payload): string =>
  `binary ${payload.length <= LONGEST ? inWords(asHex(payload)) : `${payload.length} ${digestOf(payload)}`}`
export const aPing = (payload: Payload = ''): string => `ping ${inWords(asHex(payload))}`
export const aPong = (payload: Payload = ''): string => `pong ${inWords(asHex(payload))}`

/** Returns the words for the contents of a close frame. */
export function aClose(code: number | undefined, reason = ''): string {
  return `${code ?? 'no code'} ${reason}`.trimEnd()
}

function asText(payload: Payload): string {
  if (typeof payload === 'string') return payload
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)
}

function asHex(payload: Payload): string {
  return Buffer.from(payload as string).toString('hex')
}

function inWords(content: string): string {
  if (content.length <= LONGEST) return JSON.stringify(content)
  return `${JSON.stringify(content.slice(0, 20))}… ${content.length} ${digestOf(content)}`
}

function digestOf(content: Payload): string {
  // Texts as UTF-16, in which a lone surrogate differs from a replacement character.
  return createHash('sha1')
    .update(content as string, 'utf16le')
    .digest('hex')
    .slice(0, 12)
}

type Facts = Pick<ConformanceCase, 'limits'>

/** Returns a case that leaves the connection open. */
export function delivers(
  id: string,
  title: string,
  pieces: readonly Uint8Array[],
  delivered: readonly string[],
  facts: Facts = {},
): ConformanceCase {
  const expected = { ...closed(delivered, aClose(1000)), answered: lastPingOf(delivered) }
  return { id, title, pieces, ending: 'close', expected, ...facts }
}

/** Returns a case that makes the client fail the connection. */
export function fails(
  id: string,
  title: string,
  pieces: readonly Uint8Array[],
  [code, violation]: readonly [number, string],
  delivered: readonly string[] = [],
  facts: Facts = {},
): ConformanceCase {
  const expected: Outcome = {
    delivered,
    answered: undefined,
    sent: aClose(code),
    received: aClose(1006),
    violation,
  }
  return { id, title, pieces, ending: 'nothing', expected, ...facts }
}

/** Returns a case with a close frame, which the client sends back. */
export function closes(
  id: string,
  title: string,
  pieces: readonly Uint8Array[],
  received: string,
  delivered: readonly string[] = [],
  sent = received,
): ConformanceCase {
  return { id, title, pieces, ending: 'nothing', expected: { ...closed(delivered, received), sent } }
}

/** Returns a case whose stream ends too early. */
export function breaksOff(
  id: string,
  title: string,
  pieces: readonly Uint8Array[],
  delivered: readonly string[] = [],
): ConformanceCase {
  const expected = { ...closed(delivered, aClose(1006)), sent: 'nothing' }
  return { id, title, pieces, ending: 'end', expected }
}

function closed(delivered: readonly string[], close: string): Outcome {
  return { delivered, answered: undefined, sent: close, received: close, violation: undefined }
}

/** Returns the last ping that was delivered. */
export function lastPingOf(delivered: readonly string[]): string | undefined {
  return delivered.findLast((each) => each.startsWith('ping '))
}

/** Reaction of `ws` to each kind of violation: the close code that it sends, and the code of its error. */
export const RSV_1 = [1002, 'WS_ERR_UNEXPECTED_RSV_1'] as const
export const RSV_2_3 = [1002, 'WS_ERR_UNEXPECTED_RSV_2_3'] as const
export const OPCODE = [1002, 'WS_ERR_INVALID_OPCODE'] as const
export const FIN = [1002, 'WS_ERR_EXPECTED_FIN'] as const
export const MASK = [1002, 'WS_ERR_UNEXPECTED_MASK'] as const
export const CONTROL_LENGTH = [1002, 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'] as const
export const CLOSE_CODE = [1002, 'WS_ERR_INVALID_CLOSE_CODE'] as const
export const UTF8 = [1007, 'WS_ERR_INVALID_UTF8'] as const
export const FRAGMENTS = [1008, 'WS_ERR_TOO_MANY_BUFFERED_PARTS'] as const
export const MESSAGE_LENGTH = [1009, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'] as const
export const FRAME_LENGTH = [1009, 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'] as const
