import { existsSync, readFileSync } from 'node:fs'
import { root } from './project.js'

/** Where the recordings lie, beside the project: their licence keeps them out of it. */
const FOLDER = new URL('../shared/data/exchanges/', root)

export type Frame = string | Uint8Array

/** A kind of message, by the method that handles it, and how it is recognised in the text of one, without any parser. */
export type Kinds = Readonly<Record<string, RegExp>>

/** What is peculiar to one exchange's recording. */
export interface RecordedExchange {
  /** Reads the text out of a binary frame, and makes one of it. */
  readonly binary?: { textOf(frame: Uint8Array): string; frameOf(text: string): Uint8Array }
  /** Makes equal what each client chooses for itself. */
  readonly adapt?: (text: string) => string
  /** What the recorded client sent, and no other need. */
  readonly superfluous?: RegExp
  /** Texts of messages that the client has subscribed to, and of which the recording has none. */
  readonly more?: readonly string[]
}

/** What went over the wire next. */
export type Passage =
  | { readonly from: 'server'; readonly text: string; readonly frame: Frame }
  | { readonly from: 'client'; readonly text: string }

/** One exchange's recording. */
export interface Recording {
  readonly url: string
  readonly passages: readonly Passage[]
}

interface Line {
  readonly d: 'open' | 'send' | 'recv'
  readonly url?: string
  readonly text?: string
  readonly b64?: string
}

/** Reads a recording; `undefined` where there is none. */
export function readRecording(name: string, exchange: RecordedExchange): Recording | undefined {
  const file = new URL(`${name}.jsonl`, FOLDER)
  if (!existsSync(file)) return undefined
  const { adapt = String, superfluous, more = [] } = exchange
  const [open, ...lines] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const recorded = lines
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

/** Makes a frame of a text, as the exchange does. */
export function frameOf(text: string, { binary }: RecordedExchange): Frame {
  return binary?.frameOf(text) ?? text
}

/** Counts each kind in what the server sent, by its text alone; kinds of which there is nothing are left out. */
export function countKinds(passages: readonly Passage[], kinds: Kinds): Record<string, number> {
  const texts = passages.filter(({ from }) => from === 'server').map(({ text }) => text)
  const counts = Object.entries(kinds).map(([kind, pattern]) => {
    const found = texts.reduce((count, text) => count + [...text.matchAll(pattern)].length, 0)
    return [kind, found] as const
  })
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}
