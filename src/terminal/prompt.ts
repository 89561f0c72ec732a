import { createInterface, cursorTo, clearScreenDown, moveCursor } from 'node:readline'
import type { Interface } from 'node:readline'
import type { OutputStream, TypedLine } from './screen.js'
import type { History } from './history.js'
import { JsonBlock } from './json-block.js'
import type { InputStream } from './lines.js'

const PROMPT = '> '
const CONTINUATION = '… '

/** Receives the user's input. */
export interface PromptListener {
  /** A complete message or command. */
  onInput(text: string): void
  /** Ctrl+C. */
  onInterrupt(): void
  /** Ctrl+D. */
  onEnd(): void
}

/** Reads messages from a terminal, with line editing and a history. The prompt is written to standard error. */
export class Prompt implements TypedLine {
  readonly #readline: Interface
  readonly #output: OutputStream
  readonly #history: History
  readonly #listener: PromptListener
  readonly #block = new JsonBlock()
  /** Readline's own list of entries. */
  #recalled: string[] = []
  #isClosed = false

  constructor(input: InputStream, output: OutputStream, history: History, listener: PromptListener) {
    this.#output = output
    this.#history = history
    this.#listener = listener
    this.#readline = createInterface({
      input,
      output,
      terminal: true,
      prompt: PROMPT,
      history: [...history.entries],
      historySize: Math.max(1, history.entries.length + 1_000),
    })
    this.#readline
      .on('history', (entries: string[]) => this.#recall(entries))
      .on('line', (line) => this.#onLine(line))
      .on('SIGINT', () => this.#onInterrupt())
      .on('close', () => this.#onClose())
    this.#readline.prompt()
  }

  hide(): void {
    if (this.#isClosed) return
    moveCursor(this.#output, 0, -this.#readline.getCursorPos().rows)
    cursorTo(this.#output, 0)
    clearScreenDown(this.#output)
  }

  show(): void {
    if (this.#isClosed) return
    // Readline moves up by the rows of the typed text before it prints that text again.
    this.#output.write('\n'.repeat(this.#readline.getCursorPos().rows))
    this.#readline.prompt(true)
  }

  /** Stops reading, and removes the prompt. */
  close(): void {
    if (this.#isClosed) return
    this.hide()
    this.#isClosed = true
    this.#readline.close()
  }

  #onLine(line: string): void {
    const wasOpen = this.#block.isOpen
    const text = this.#block.add(line)
    this.#readline.setPrompt(text === undefined ? CONTINUATION : PROMPT)
    if (text !== undefined && (wasOpen || text.trim() !== '')) {
      this.#history.add(text)
      this.#recall(this.#recalled)
      this.#listener.onInput(text)
    }
    if (!this.#isClosed) this.#readline.prompt()
  }

  #onClose(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#output.write('\n')
    this.#listener.onEnd()
  }

  /** The first Ctrl+C discards an incomplete message. */
  #onInterrupt(): void {
    if (!this.#block.isOpen) {
      this.#listener.onInterrupt()
      return
    }
    this.#block.clear()
    this.#output.write('\n')
    this.#readline.setPrompt(PROMPT)
    this.#readline.write(null, { ctrl: true, name: 'u' })
  }

  /** Replaces the single lines that readline adds with whole messages. */
  #recall(entries: string[]): void {
    this.#recalled = entries
    entries.splice(0, entries.length, ...this.#history.entries)
  }
}
