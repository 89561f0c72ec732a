/** Maximum length of the distinguishing part, in bytes. */
const LONGEST = 100

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const CLOSING_BRACE = 0x7d

/**
 * Returns the end of the distinguishing part, which follows the head of a JSON text. Returns 0 if the text starts with a different head, or
 * if the distinguishing part contains escapes, is too long, or does not end with a quote and a delimiter.
 *
 * perf: comparing bytes takes half the time of comparing the characters of a string.
 */
export function endOfPart(bytes: Uint8Array, start: number, stop: number, head: Uint8Array): number {
  const from = start + head.length
  const limit = Math.min(stop - 1, from + LONGEST)
  if (from >= limit) return 0
  for (let index = 0; index < head.length; index += 1) if (bytes[start + index] !== head[index]) return 0
  for (let at = from; at < limit; at += 1) {
    const byte = bytes[at] as number
    if (byte === QUOTE) return isMark(bytes[at + 1]) ? at : 0
    if (byte === BACKSLASH || byte < SPACE) return 0
  }
  return 0
}

function isMark(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSING_BRACE
}
