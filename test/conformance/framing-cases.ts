import { BINARY, CLOSE, PING, TEXT } from '../support/raw-server.js'
import { OPCODE, RSV_1, RSV_2_3, aBinary, aPing, aPong, aText, breaksOff, delivers, fails } from './case.js'
import type { ConformanceCase } from './case.js'
import { CONTROL_LENGTH, FIN } from './case.js'
import { binary, bytes, frameOf, parts, ping, pong, text } from './wire.js'

const SIZES = [0, 125, 126, 127, 128, 65_535, 65_536]
const HELLO = 'Hello, world!'
const ODD = bytes('00 ff fe fd fc fb 00 ff')

/** Section 1.1: whole text messages around each boundary of the length's encoding. */
export const textMessages: readonly ConformanceCase[] = [
  ...SIZES.map((size, index) => {
    const payload = '*'.repeat(size)
    return delivers(`1.1.${index + 1}`, `text of ${size} bytes`, [text(payload)], [aText(payload)])
  }),
  delivers('1.1.8', 'text of 65536 bytes in chops of 997', parts(text('*'.repeat(65_536)), 997), [
    aText('*'.repeat(65_536)),
  ]),
]

/** Section 1.2: the same, binary. */
export const binaryMessages: readonly ConformanceCase[] = [
  ...SIZES.map((size, index) => {
    const payload = Buffer.alloc(size, 0xfe)
    return delivers(`1.2.${index + 1}`, `binary of ${size} bytes`, [binary(payload)], [aBinary(payload)])
  }),
  delivers('1.2.8', 'binary of 65536 bytes in chops of 997', parts(binary(Buffer.alloc(65_536, 0xfe)), 997), [
    aBinary(Buffer.alloc(65_536, 0xfe)),
  ]),
]

const LONGEST = Buffer.alloc(125, 0xfe)
const TEN = Array.from({ length: 10 }, (_, index) => `payload-${index}`)

/** Section 2: pings and pongs. */
export const pingsAndPongs: readonly ConformanceCase[] = [
  delivers('2.1', 'a ping without a payload', [ping()], [aPing()]),
  delivers('2.2', 'a ping with text', [ping(HELLO)], [aPing(HELLO)]),
  delivers('2.3', 'a ping with bytes that are not UTF-8', [ping(ODD)], [aPing(ODD)]),
  delivers('2.4', 'a ping of 125 bytes', [ping(LONGEST)], [aPing(LONGEST)]),
  fails('2.5', 'a ping of 126 bytes', [ping(Buffer.alloc(126, 0xfe))], CONTROL_LENGTH),
  delivers('2.6', 'a ping of 125 bytes in chops of one byte', parts(ping(LONGEST), 1), [aPing(LONGEST)]),
  delivers('2.7', 'an unsolicited pong without a payload', [pong()], [aPong()]),
  delivers('2.8', 'an unsolicited pong', [pong('unsolicited')], [aPong('unsolicited')]),
  delivers(
    '2.9',
    'an unsolicited pong, then a ping',
    [pong('unsolicited'), ping('ping payload')],
    [aPong('unsolicited'), aPing('ping payload')],
  ),
  delivers(
    '2.10',
    'ten pings',
    TEN.map((payload) => ping(payload)),
    TEN.map((payload) => aPing(payload)),
  ),
  delivers(
    '2.11',
    'ten pings in chops of one byte',
    parts(Buffer.concat(TEN.map((payload) => ping(payload))), 1),
    TEN.map((payload) => aPing(payload)),
  ),
  // At most 42 at once, because bare ws hangs up on a peer with more than 60 unanswered pings.
  ...[0, 42, 84].flatMap((from) => [
    delivers(`pings from ${from}`, 'pings of each length', eachLength(from, ping), eachLength(from, aPing)),
    delivers(`pongs from ${from}`, 'pongs of each length', eachLength(from, pong), eachLength(from, aPong)),
  ]),
]

function eachLength<T>(from: number, make: (payload: Uint8Array) => T): T[] {
  return Array.from({ length: 42 }, (_, index) => make(Buffer.alloc(from + index, from + index)))
}

const hello = aText(HELLO)

/** Section 3: reserved bits when no extension has been negotiated. */
export const reservedBits: readonly ConformanceCase[] = [
  fails('3.1', 'text with RSV3', [frameOf({ opcode: TEXT, payload: HELLO, rsv: 1 })], RSV_2_3),
  ...[RSV_2_3, RSV_2_3, RSV_1].map((violation, index) =>
    fails(
      `3.${index + 2}`,
      `text, then text with the reserved bits ${index + 2}, then a ping`,
      [text(HELLO), frameOf({ opcode: TEXT, payload: HELLO, rsv: index + 2 }), ping()],
      violation,
      [hello],
    ),
  ),
  fails('3.5', 'binary with RSV1 and RSV3', [frameOf({ opcode: BINARY, payload: ODD, rsv: 5 })], RSV_2_3),
  // Autobahn claims to send a ping here, but sends binary.
  fails('3.6', 'a ping with RSV1 and RSV2', [frameOf({ opcode: PING, payload: HELLO, rsv: 6 })], RSV_2_3),
  fails(
    '3.6 as it is sent',
    'binary with RSV1 and RSV2',
    [frameOf({ opcode: BINARY, payload: HELLO, rsv: 6 })],
    RSV_2_3,
  ),
  fails('3.7', 'a close with all reserved bits', [frameOf({ opcode: CLOSE, rsv: 7 })], RSV_2_3),
  fails('ping with RSV1', 'a ping with RSV1', [frameOf({ opcode: PING, rsv: 4 })], RSV_1),
  fails(
    'continuation with RSV1',
    'a fragment with RSV1',
    [text('a', false), frameOf({ opcode: 0, payload: 'b', rsv: 4 })],
    RSV_1,
  ),
  fails(
    'empty text with RSV1',
    'a whole text message without a payload, with RSV1',
    [frameOf({ opcode: TEXT, rsv: 4 })],
    RSV_1,
  ),
]

/** Section 4: reserved opcodes; those above 10 are for control frames. */
export const reservedOpcodes: readonly ConformanceCase[] = [3, 11].flatMap((first, index) => {
  const id = (number: number): string => `4.${index + 1}.${number}`
  const reserved = (offset: number, payload = ''): Buffer => frameOf({ opcode: first + offset, payload })
  const title = (offset: number): string => `a frame with the reserved opcode ${first + offset}`
  return [
    fails(id(1), title(0), [reserved(0)], OPCODE),
    fails(id(2), `${title(1)} and a payload`, [reserved(1, 'reserved opcode payload')], OPCODE),
    fails(id(3), `text, then ${title(2)}, then a ping`, [text(HELLO), reserved(2), ping()], OPCODE, [hello]),
    ...[3, 4].map((offset) =>
      fails(
        id(offset + 1),
        `text, then ${title(offset)} and a payload, then a ping`,
        [text(HELLO), reserved(offset, HELLO), ping()],
        OPCODE,
        [hello],
      ),
    ),
  ]
})

/** Streams that end too early. */
export const brokenOff: readonly ConformanceCase[] = [
  breaksOff('nothing at all', 'the end of the stream, and nothing else', []),
  breaksOff('after a message', 'a message, then the end of the stream', [text(HELLO)], [hello]),
  breaksOff(
    'in a header',
    'a message and one byte of the next',
    [text(HELLO), text('x').subarray(0, 1)],
    [hello],
  ),
  breaksOff(
    'in a 16-bit length',
    'a message and half a length',
    [text(HELLO), text('x'.repeat(200)).subarray(0, 3)],
    [hello],
  ),
  breaksOff(
    'in a 64-bit length',
    'a message and part of a length',
    [text(HELLO), frameOf({ opcode: TEXT, lengthBits: 64, payload: 'x' }).subarray(0, 7)],
    [hello],
  ),
  breaksOff(
    'before a payload',
    'a message and the header of the next',
    [text(HELLO), text(HELLO).subarray(0, 2)],
    [hello],
  ),
  breaksOff(
    'in a payload',
    'a message and part of the next',
    [text(HELLO), text(HELLO).subarray(0, -1)],
    [hello],
  ),
  breaksOff('in a ping', 'a message and part of a ping', [text(HELLO), ping(HELLO).subarray(0, -1)], [hello]),
  breaksOff(
    'between fragments',
    'a message that lacks its last fragment',
    [text(HELLO), text('a', false)],
    [hello],
  ),
  fails(
    'fragmented ping with RSV',
    'a violation on top of another',
    [frameOf({ opcode: PING, isFinal: false })],
    FIN,
  ),
]
