import { readFileSync } from 'node:fs'
import { reasonOf } from '../core/error-text.js'
import { decodeBytes } from '../terminal/binary-text.js'
import type { Arguments, Encoding } from './arguments.js'

/** File descriptor of standard input, which `-` names. */
const STANDARD_INPUT = 0

/** Reads a file that an option names; `-` is standard input. Adds a mistake and returns `undefined` if that fails. */
export function readInput(option: string, path: string, mistakes: string[]): Buffer | undefined {
  try {
    return readFileSync(path === '-' ? STANDARD_INPUT : path)
  } catch (error) {
    mistakes.push(`${option}: cannot read the file: ${reasonOf(error)}`)
    return undefined
  }
}

/**
 * Returns the data to send for a message that the user gave as text.
 *
 * @throws TypeError if the text is not in that encoding
 */
export function outgoingData(text: string, encoding: Encoding): string | Uint8Array {
  if (encoding === 'text') return text
  return encoding === 'binary' ? Buffer.from(text) : decodeBytes(text, encoding)
}

/** Returns the messages of `-x` and `--file`. Adds mistakes for files and encodings. */
export function openingMessages(
  { opening, encoding }: Arguments,
  mistakes: string[],
): readonly (string | Uint8Array)[] {
  return opening.flatMap(({ kind, value }) => {
    if (kind === 'file') return fileMessage(value, encoding, mistakes) ?? []
    try {
      return outgoingData(value, encoding)
    } catch (error) {
      mistakes.push(`--execute: ${reasonOf(error)}`)
      return []
    }
  })
}

/** Returns the contents of a file: as text if they are UTF-8 and the encoding is text. */
function fileMessage(path: string, encoding: Encoding, mistakes: string[]): string | Uint8Array | undefined {
  const bytes = readInput('--file', path, mistakes)
  if (!bytes || encoding !== 'text') return bytes
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes
  }
}
