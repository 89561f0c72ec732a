/** Number of bytes on a line of a hexdump. */
const WIDTH = 16

/** Prints bytes with their positions, in hex, and as ASCII characters, like `hexdump -C`. */
export function hexdump(bytes: Uint8Array): string {
  const rows = Array.from({ length: Math.max(1, Math.ceil(bytes.length / WIDTH)) }, (_, row) =>
    hexdumpRow(bytes.subarray(row * WIDTH, (row + 1) * WIDTH), row * WIDTH),
  )
  return rows.join('\n')
}

function hexdumpRow(bytes: Uint8Array, position: number): string {
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'))
  const halves = [pairs.slice(0, WIDTH / 2).join(' '), pairs.slice(WIDTH / 2).join(' ')]
  const ascii = [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
  const hex = halves.join('  ').padEnd(WIDTH * 3 + 1)
  return `${position.toString(16).padStart(8, '0')}  ${hex} |${ascii.join('')}|`
}

/** Returns bytes in an encoding of text. */
export function encodeBytes(bytes: Uint8Array, encoding: 'hex' | 'base64'): string {
  return bufferOf(bytes).toString(encoding)
}

/**
 * Returns the bytes of a text in hex or base64. Spaces are ignored.
 *
 * @throws TypeError if the text is not in that encoding
 */
export function decodeBytes(text: string, encoding: 'hex' | 'base64'): Uint8Array {
  const dense = text.replace(/\s/g, '')
  const isValid =
    encoding === 'hex' ? /^(?:[\da-f]{2})*$/i.test(dense) : /^[A-Za-z\d+/_-]*={0,2}$/.test(dense)
  if (!isValid) throw new TypeError(`expected ${encoding}, received other characters`)
  return Buffer.from(dense, encoding)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
