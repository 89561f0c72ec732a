// The messages that are sent around, and the checksums that prove that they arrived.

/** How many different messages there are; longer floods repeat them. */
const BLOCK = 1024

/** As many bytes they may have together, unless they are fewer than 16. */
const BLOCK_BYTES = 16 * 1024 * 1024

const FIRST_ID = 100_000

/** Makes a message whose JSON has exactly `size` ASCII characters: a ticker;
 * above 200 characters half of it is its order book, which is slow to parse, and the rest text, which is fast. */
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

/** Makes price levels of about `size` characters. */
function bookOf(size, id) {
  const levels = []
  for (let left = size; left >= 22; left -= 22)
    levels.push([`${10_000 + (id % 1000)}.${levels.length % 9}5`, '1.2500'])
  return levels
}

/** Makes a message of the same size that is slower to parse: short names and many numbers, some of them in arrays. */
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

/** Returns how many different messages of a size there are. */
function blockLengthOf(size) {
  return Math.min(BLOCK, Math.max(16, Math.floor(BLOCK_BYTES / size)))
}

/** Makes the block of messages of one size; with several types, they take turns. */
export function blockOf(size, types = ['ticker'], isNested = false) {
  const make = isNested ? nestedOf : messageOf
  return Array.from({ length: blockLengthOf(size) }, (_, index) =>
    make(size, FIRST_ID + index, types[index % types.length]),
  )
}

/** Adds a number to a checksum in which order counts. */
export function fold(checksum, number) {
  return (Math.imul(checksum, 31) + number) | 0
}

/** What a client's checksum over `id` must be after the first `count` messages. */
export function checksumOfIds(count, size) {
  const block = blockLengthOf(size)
  let checksum = 0
  for (let index = 0; index < count; index += 1) checksum = fold(checksum, FIRST_ID + (index % block))
  return checksum
}

/** The same where messages of so many types take turns, and those of the first count: how many these are, and their checksum. */
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

/** What the server's checksum over all bytes must be after `count` of these texts in turn. */
export function checksumOfTexts(texts, count) {
  const hashes = texts.map((text) => {
    const bytes = Buffer.from(text)
    return hashBytes(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, 0)
  })
  let checksum = 0
  for (let index = 0; index < count; index += 1) checksum = fold(checksum, hashes[index % hashes.length])
  return checksum
}

/** Hashes masked bytes as if they had been unmasked; `mask` is the masking key as a little-endian word. */
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
