import { describeValue } from '../core/describe-value.js'
import type { Codec } from './codec.js'

/** Codec for plain text: each message is a string. Binary frames reach `@OnBinary`. */
export const textCodec: Codec = {
  encode(message) {
    if (typeof message === 'string') return message
    throw new TypeError(`textCodec can only encode strings, received ${describeValue(message)}`)
  },
  decode: (data) => data,
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Returns the text of a frame.
 *
 * @throws TypeError if a binary frame is not valid UTF-8
 */
export function textOf(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : utf8.decode(data)
}
