/** A quote that starts a text, such as `"`, or `\"` in JSON that is part of a JSON string. */
interface Opening {
  readonly quote: string
  /** Number of backslashes before the quote. */
  readonly level: number
  /** Position after the quote. */
  readonly end: number
}

/** Matches a quote with the backslashes before it. */
const QUOTE = /(?<!\\)(\\*)(["'`])/g

/** Matches a quote, or a bracket. */
const MARK = /(?<!\\)(\\*)(["'`])|[{}[\]]/g

const START = /(\\*)(["'`])/y

/** Returns the quote at a position, if there is one. */
export function openingAt(text: string, position: number): Opening | undefined {
  START.lastIndex = position
  const [all, slashes, quote] = START.exec(text) ?? []
  if (all === undefined || slashes === undefined || quote === undefined) return undefined
  return { quote, level: slashes.length, end: position + all.length }
}

/** Returns the position after the quote that ends a text; the end of everything if that quote is missing. */
export function endOfText(text: string, { quote, level, end }: Opening): number {
  QUOTE.lastIndex = end
  for (let match = QUOTE.exec(text); match; match = QUOTE.exec(text)) {
    const slashes = match[1]?.length ?? 0
    // Fewer backslashes end the text around it, too.
    if (slashes < level && match[2] !== quote) continue
    if (slashes < level) return match.index
    if (match[2] === quote && isClosing(slashes, level)) return QUOTE.lastIndex
  }
  return text.length
}

/**
 * Each level of nesting doubles the backslashes and adds one. All others before the quote belong to the text: pairs of them, each repeated
 * as often.
 */
function isClosing(slashes: number, level: number): boolean {
  return (slashes - level) % (2 * (level + 1)) === 0
}

/** Returns the position after the bracket that closes a list or an object; the end of everything if that bracket is missing. */
export function endOfList(text: string, start: number): number {
  let depth = 0
  MARK.lastIndex = start
  for (let match = MARK.exec(text); match; match = MARK.exec(text)) {
    const [mark, slashes, quote] = match
    if (quote !== undefined) {
      MARK.lastIndex = endOfText(text, { quote, level: slashes?.length ?? 0, end: MARK.lastIndex })
      continue
    }
    depth += mark === '{' || mark === '[' ? 1 : -1
    if (depth === 0) return MARK.lastIndex
  }
  return text.length
}
