import { encodeBytes, hexdump } from './binary-text.js'
import { paintJson, styled } from './colors.js'
import { compactJson, isJson, prettyJson } from './json-text.js'
import { visibleText } from './visible-text.js'

/** Style in which messages are printed. */
export interface MessageStyle {
  readonly isRaw: boolean
  readonly isNulTerminated: boolean
  /** Whether a message may take several lines. */
  readonly isPretty: boolean
  readonly hasColors: boolean
  readonly hasTimestamps: boolean
  /** Encoding of binary messages; `undefined` prints a hexdump if pretty, and otherwise hex. */
  readonly binary: 'hex' | 'base64' | undefined
}

/** Returns what to print for a message, with the character that ends it. Binary messages are printed raw without that character. */
export function printedMessage(
  message: string | Uint8Array,
  receivedAt: number,
  style: MessageStyle,
): string | Uint8Array {
  const end = style.isNulTerminated ? '\0' : '\n'
  const time = style.hasTimestamps ? `${timestamp(receivedAt, style.hasColors)} ` : ''
  if (typeof message === 'string') return time + textOf(message, style) + end
  if (style.binary !== undefined) return time + encodeBytes(message, style.binary) + end
  if (style.isRaw) return style.isNulTerminated ? Buffer.concat([message, Buffer.of(0)]) : message
  if (!style.isPretty) return time + encodeBytes(message, 'hex') + end
  return `${time}${styledIf(style.hasColors, 'dim', `binary, ${message.length} bytes`)}\n${hexdump(message)}${end}`
}

function textOf(message: string, { isRaw, isPretty, hasColors }: MessageStyle): string {
  if (isRaw) return message
  if (isJson(message)) {
    const paint = hasColors ? paintJson : undefined
    return isPretty ? prettyJson(message, paint) : compactJson(message, paint)
  }
  // Indented, so that a line of a message does not look like another message, or like a typed line.
  return visibleText(message, isPretty ? '\n  ' : undefined)
}

function timestamp(time: number, hasColors: boolean): string {
  return styledIf(hasColors, 'dim', new Date(time).toISOString())
}

function styledIf(isStyled: boolean, style: 'dim', text: string): string {
  return isStyled ? styled(style, text) : text
}
