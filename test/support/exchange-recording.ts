import { existsSync, readFileSync } from 'node:fs'
import { readRecording as readLines } from 'holdfast/testing'
import type { RecordedMessage } from 'holdfast/testing'
import { root } from './project.js'

/** Folder of the recordings, which is outside the project because of their license. */
const FOLDER = new URL('../shared/data/exchanges/', root)

export type Frame = string | Uint8Array

/** A pattern for each kind of message, by the method that handles it. It recognizes a message from its text, without a parser. */
export type Kinds = Readonly<Record<string, RegExp>>

/** Details of one exchange's recording. */
export interface RecordedExchange {
  /** Converts binary frames to text and back. */
  readonly binary?: { textOf(frame: Uint8Array): string; frameOf(text: string): Uint8Array }
  /** Replaces values that differ between clients. */
  readonly adapt?: (text: string) => string
  /** Matches messages that the recorded client sent unnecessarily. */
  readonly superfluous?: RegExp
  /** Texts of subscribed messages that are missing from the recording. */
  readonly more?: readonly string[]
}

/** One frame of a recording, in either direction. */
export type Passage =
  | { readonly from: 'server'; readonly text: string; readonly frame: Frame }
  | { readonly from: 'client'; readonly text: string }

/** The recording of one exchange. */
export interface Recording {
  readonly url: string
  readonly passages: readonly Passage[]
}

/** Reads a recording; returns `undefined` if there is none. */
export function readRecording(name: string, exchange: RecordedExchange): Recording | undefined {
  const file = new URL(`${name}.jsonl`, FOLDER)
  if (!existsSync(file)) return undefined
  const { adapt = String, superfluous, more = [] } = exchange
  const events = readLines(readFileSync(file, 'utf8'))
  const open = events.find((event) => event.d === 'open')
  const recorded = events
    .filter((event): event is RecordedMessage => event.d === 'recv' || event.d === 'send')
    .filter(({ d, text = '' }) => d === 'recv' || !superfluous?.test(text))
    .map(({ d, text, b64 = '' }): Passage => {
      if (d === 'send') return { from: 'client', text: adapt(text ?? '') }
      return fromServer(text === undefined ? Buffer.from(b64, 'base64') : adapt(text), exchange)
    })
  const added = more.map((text) => fromServer(frameOf(text, exchange), exchange))
  return { url: open?.url ?? '', passages: [...recorded, ...added] }
}

function fromServer(frame: Frame, { binary }: RecordedExchange): Passage {
  const text = typeof frame === 'string' ? frame : binary?.textOf(frame)
  return { from: 'server', frame, text: text ?? '' }
}

/** Converts a text to a frame, as the exchange does. */
export function frameOf(text: string, { binary }: RecordedExchange): Frame {
  return binary?.frameOf(text) ?? text
}

/** Counts the server's messages by kind, using only their text. Kinds without messages are omitted. */
export function countKinds(passages: readonly Passage[], kinds: Kinds): Record<string, number> {
  const texts = passages.filter(({ from }) => from === 'server').map(({ text }) => text)
  const counts = Object.entries(kinds).map(([kind, pattern]) => {
    const found = texts.reduce((count, text) => count + [...text.matchAll(pattern)].length, 0)
    return [kind, found] as const
  })
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}
