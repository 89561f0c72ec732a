// The messages of the benchmark, and the checksums that prove their arrival.

/** Number of different messages. Longer floods repeat them. */
const BLOCK = 1024

/** Maximum size of all of them in bytes, unless they are fewer than 16. */
const BLOCK_BYTES = 16 * 1024 * 1024

const FIRST_ID = 100_000

/**
 * Creates a ticker message whose JSON has exactly `size` ASCII characters. Above 200 characters, half of it is an order book, which is
 * slow to parse, and the rest is text, which is fast.
 */
function messageOf(size, id, type = 'ticker') {
  const message = {
    type,
    id,
    product: 'BTC-USD',
    price: 42_000 + (id % 1000) / 100,
    size: 0.015,
    side: id % 2 ? 'buy' : 'sell',
    time: 1_700_000_000 + id,
  }
  if (size > 200) message.book = bookOf(size / 2, id)
  message.pad = ''
  const missing = size - JSON.stringify(message).length
  if (missing < 0) throw new RangeError(`A message of ${size} characters has no room for its fields`)
  message.pad = 'x'.repeat(missing)
  return message
}

/** Creates price levels of about `size` characters. */
function bookOf(size, id) {
  const levels = []
  for (let left = size; left >= 22; left -= 22)
    levels.push([`${10_000 + (id % 1000)}.${levels.length % 9}5`, '1.2500'])
  return levels
}

/** Creates a message of the same size that is slower to parse: short names and many numbers, some of them in arrays. */
function nestedOf(size, id, type) {
  const message = {
    type,
    id,
    e: 'trade',
    p: [42_000 + (id % 1000) / 100, 0.015],
    q: { b: id % 97, a: -1.5e-3 },
  }
  message.l = []
  for (let index = 0; JSON.stringify(message).length < size - 20; index += 1) message.l.push([index, id % 89])
  return { ...message, s: 'x'.repeat(size - JSON.stringify({ ...message, s: '' }).length) }
}

/** Returns the number of different messages of a size. */
function blockLengthOf(size) {
  return Math.min(BLOCK, Math.max(16, Math.floor(BLOCK_BYTES / size)))
}

/** Creates the messages of one size. Several types alternate. */
export function blockOf(size, types = ['ticker'], isNested = false) {
  const make = isNested ? nestedOf : messageOf
  return Array.from({ length: blockLengthOf(size) }, (_, index) =>
    make(size, FIRST_ID + index, types[index % types.length]),
  )
}

/** Adds a number to an order-sensitive checksum. */
export function fold(checksum, number) {
  return (Math.imul(checksum, 31) + number) | 0
}

/** Returns the expected checksum of a client over `id` after the first `count` messages. */
export function checksumOfIds(count, size) {
  const block = blockLengthOf(size)
  let checksum = 0
  for (let index = 0; index < count; index += 1) checksum = fold(checksum, FIRST_ID + (index % block))
  return checksum
}

/** Returns the expected number and checksum of the messages of the first type, if messages of several types alternate. */
export function checksumOfTurns(count, size, types) {
  const block = blockLengthOf(size)
  let wanted = 0
  let checksum = 0
  for (let index = 0; index < count; index += 1) {
    if ((index % block) % types !== 0) continue
    wanted += 1
    checksum = fold(checksum, FIRST_ID + (index % block))
  }
  return { wanted, checksum }
}

/** Returns the expected checksum of the server over all bytes after `count` of these texts, in rotation. */
export function checksumOfTexts(texts, count) {
  const hashes = texts.map((text) => {
    const bytes = Buffer.from(text)
    return hashBytes(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, 0)
  })
  let checksum = 0
  for (let index = 0; index < count; index += 1) checksum = fold(checksum, hashes[index % hashes.length])
  return checksum
}

/** Hashes masked bytes as if they were unmasked. `mask` is the masking key as a little-endian word. */
export function hashBytes(view, start, length, mask) {
  let hash = length
  const words = start + (length & ~3)
  let at = start
  for (; at < words; at += 4) hash = Math.imul(hash, 0x01000193) ^ view.getInt32(at, true) ^ mask
  for (let shift = 0; at < start + length; at += 1, shift += 8) {
    hash = Math.imul(hash, 0x01000193) ^ view.getUint8(at) ^ ((mask >>> shift) & 0xff)
  }
  return hash
}
