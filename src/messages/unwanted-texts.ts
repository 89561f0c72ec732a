import { keyInText } from './key-in-text.js'
import type { KeyInText } from './key-in-text.js'

/**
 * After a message that nobody wanted, so many are looked at before they are parsed.
 *
 * perf: where fewer are unwanted, looking costs more than it saves: a tenth to a third of parsing 120 B, each time.
 */
const LOOKS = 8

/** A longer beginning is not compared with those of later messages. */
const LONGEST_HEAD = 64

/** Knows how the messages of a connection begin that nobody wants, and when to look for more of them. */
export class UnwantedTexts {
  readonly #property: string
  #looks = LOOKS
  #head: Uint8Array | undefined
  /** True if the next message has been looked at. */
  #hasLooked = false
  #text = ''
  #from = 0
  #to = 0

  /** @param property the one that has a message's key */
  constructor(property: string) {
    this.#property = property
  }

  /** How the last one began, up to its key; `undefined` while messages are not looked at. */
  get head(): Uint8Array | undefined {
    return this.#looks > 0 ? this.#head : undefined
  }

  /** The last one; `undefined` if it is broken behind its key. */
  get message(): unknown {
    try {
      return JSON.parse(this.#text.slice(this.#from, this.#to)) as unknown
    } catch {
      return undefined
    }
  }

  /** Looks at messages again: one has just been parsed in vain. */
  restart(): void {
    this.#looks = LOOKS
  }

  /** Looks for the key of a message; returns `undefined` where it has to be parsed. */
  look(text: string): KeyInText | undefined {
    if (this.#hasLooked || this.#looks === 0) {
      this.#hasLooked = false
      return undefined
    }
    this.#looks -= 1
    return keyInText(text, this.#property)
  }

  /** Returns the key of a message that begins with `head`. */
  keyAt(text: string, from: number, end: number): string {
    this.#looks -= 1
    this.#hasLooked = true
    return text.substring(from + (this.#head as Uint8Array).length, end)
  }

  /** A message was not parsed. */
  onSkipped(text: string, from: number, to: number): void {
    this.#looks = LOOKS
    this.#hasLooked = false
    this.#text = text
    this.#from = from
    this.#to = to
  }

  /** Notes how a message began that was not parsed. */
  learn(text: string, { value, at }: KeyInText): void {
    if (typeof value === 'string' && at < LONGEST_HEAD)
      this.#head = new TextEncoder().encode(text.slice(0, at + 1))
  }
}
