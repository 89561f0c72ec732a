import { escapeText } from '../core/error-text.js'

/**
 * Escapes everything in a server's text that could control the terminal or reorder its output. Keeps tabs, which are harmless.
 *
 * @param lineBreak text to print instead of a line feed; by default, it is escaped
 */
export function visibleText(text: string, lineBreak = '\\n'): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(escapeText).join('\t'))
    .join(lineBreak)
}
