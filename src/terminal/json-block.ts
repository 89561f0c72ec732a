/**
 * Joins typed lines into messages. JSON can take several lines: a message that starts with a bracket ends when all brackets are closed, or
 * at an empty line.
 */
export class JsonBlock {
  #lines: string[] = []

  /** True while a message is incomplete. */
  get isOpen(): boolean {
    return this.#lines.length > 0
  }

  /** Adds a line. Returns the message that it completes, if any. */
  add(line: string): string | undefined {
    if (!this.isOpen && !/^\s*[{[]/.test(line)) return line
    const endsHere = this.isOpen && line.trim() === ''
    if (!endsHere) this.#lines.push(line)
    const text = this.#lines.join('\n')
    if (!endsHere && openBrackets(text) > 0) return undefined
    this.#lines = []
    return text
  }

  /** Discards the lines of an incomplete message. */
  clear(): void {
    this.#lines = []
  }
}

/** Returns the number of brackets that are not closed, ignoring those in strings. */
export function openBrackets(text: string): number {
  const marks = text.replace(/"(?:[^"\\]|\\[^])*(?:"|$)/g, '').match(/[{}[\]]/g) ?? []
  return marks.reduce((open, mark) => open + (mark === '{' || mark === '[' ? 1 : -1), 0)
}
