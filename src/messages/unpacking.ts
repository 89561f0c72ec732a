import { describeValue } from '../codecs/codec.js'

/** Finds the messages in a decoded frame. */
export type Unpack = (decoded: unknown) => Iterable<unknown>

/** So many messages may be in one frame: an iterable without an end must not fill the memory. */
const MOST_MESSAGES = 65_536

/**
 * Iterates over the messages of a decoded frame, one by one.
 *
 * @throws whatever `unpack` or its iterable throws; TypeError where it is none; RangeError past 65,536 messages
 */
export function* messagesOf(decoded: unknown, unpack: Unpack): Generator<unknown, void> {
  const messages: unknown = unpack(decoded)
  if (!isIterable(messages)) {
    const what = describeValue(messages)
    throw new TypeError(`unpack returned ${what}: return the frame's messages in an array, or [decoded]`)
  }
  let count = 0
  for (const message of messages) {
    count += 1
    if (count > MOST_MESSAGES) throw new RangeError(`unpack gave more than ${MOST_MESSAGES} messages`)
    yield message
  }
}

/** A string is iterable, letter by letter: nobody can have meant that. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}
