import { keyInText } from './key-in-text.js'
import type { KeyInText } from './key-in-text.js'

/**
 * Number of messages after each unwanted one that are searched for their key before they are parsed.
 *
 * perf: a search costs a tenth to a third as much as parsing 120 B. If unwanted messages are rarer than this, searching costs more than it
 * saves.
 */
const LOOKS = 8

/** Maximum length of the head that later messages are compared with, in characters. */
const LONGEST_HEAD = 64

/** Remembers how a connection's unwanted messages start, and decides when to search messages for their key. */
export class UnwantedTexts {
  readonly #property: string
  #looks = LOOKS
  #head: Uint8Array | undefined
  /** True if the next message has already been searched. */
  #hasLooked = false
  #text = ''
  #from = 0
  #to = 0

  /** @param property name of the property that contains the key */
  constructor(property: string) {
    this.#property = property
  }

  /** Start of the last unwanted message, up to its key; `undefined` while messages are not searched. */
  get head(): Uint8Array | undefined {
    return this.#looks > 0 ? this.#head : undefined
  }

  /** The last unwanted message; `undefined` if its JSON is invalid after the key. */
  get message(): unknown {
    try {
      return JSON.parse(this.#text.slice(this.#from, this.#to)) as unknown
    } catch {
      return undefined
    }
  }

  /** Starts to search messages again. Called when an unwanted message has just been parsed. */
  restart(): void {
    this.#looks = LOOKS
  }

  /** Returns the key of a message; `undefined` if the message must be parsed. */
  look(text: string): KeyInText | undefined {
    if (this.#hasLooked || this.#looks === 0) {
      this.#hasLooked = false
      return undefined
    }
    this.#looks -= 1
    return keyInText(text, this.#property)
  }

  /** Returns the key of a message that starts with `head`. */
  keyAt(text: string, from: number, end: number): string {
    this.#looks -= 1
    this.#hasLooked = true
    return text.substring(from + (this.#head as Uint8Array).length, end)
  }

  /** Called when a message was skipped without parsing. */
  onSkipped(text: string, from: number, to: number): void {
    this.#looks = LOOKS
    this.#hasLooked = false
    this.#text = text
    this.#from = from
    this.#to = to
  }

  /** Remembers the start of a message that was skipped. */
  learn(text: string, { value, at }: KeyInText): void {
    if (typeof value === 'string' && at < LONGEST_HEAD)
      this.#head = new TextEncoder().encode(text.slice(0, at + 1))
  }
}
