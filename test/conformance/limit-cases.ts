import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT } from '../support/raw-server.js'
import {
  CONTROL_LENGTH,
  FRAGMENTS,
  FRAME_LENGTH,
  MASK,
  MESSAGE_LENGTH,
  aBinary,
  aPing,
  aText,
  delivers,
  fails,
} from './case.js'
import type { ConformanceCase } from './case.js'
import { binary, bytes, continuation, frameOf, ping, text } from './wire.js'

/** Encodings of a length. `ws` accepts longer ones than necessary, which a peer must not use. */
export const lengths: readonly ConformanceCase[] = [
  ...([16, 64] as const).flatMap((lengthBits) =>
    [TEXT, BINARY].flatMap((opcode) =>
      ['', 'short', '*'.repeat(125)].map((payload) =>
        delivers(
          `${opcode === TEXT ? 'text' : 'binary'} of ${payload.length} in ${lengthBits} bits`,
          'a length in more bits than it needs',
          [frameOf({ opcode, payload, lengthBits }), text('next')],
          [opcode === TEXT ? aText(payload) : aBinary(payload), aText('next')],
        ),
      ),
    ),
  ),
  delivers(
    'text of 300 in 64 bits',
    'a length in more bits than it needs',
    [frameOf({ opcode: TEXT, payload: '*'.repeat(300), lengthBits: 64 }), text('next')],
    [aText('*'.repeat(300)), aText('next')],
  ),
  ...[PING, PONG].flatMap((opcode) =>
    ([16, 64] as const).map((lengthBits) =>
      fails(
        `${opcode === PING ? 'ping' : 'pong'} in ${lengthBits} bits`,
        'a control frame whose length takes more than 7 bits',
        [text('before'), frameOf({ opcode, payload: 'short', lengthBits })],
        CONTROL_LENGTH,
        [aText('before')],
      ),
    ),
  ),
  ...[TEXT, BINARY].flatMap((opcode) =>
    [2n ** 63n, 2n ** 64n - 1n, 2n ** 53n].map((length) =>
      fails(
        `length of ${length} for opcode ${opcode}`,
        'an impossible length, whether or not its first bit is set',
        [text('before'), frameOf({ opcode, length }), text('after')],
        FRAME_LENGTH,
        [aText('before')],
        { limits: { maxPayload: 0 } },
      ),
    ),
  ),
  fails(
    'length of 2^53 - 1',
    'the longest length that is a number, against a limit',
    [text('before'), frameOf({ opcode: TEXT, length: 2n ** 53n - 1n })],
    MESSAGE_LENGTH,
    [aText('before')],
  ),
]

const KEY = [1, 2, 3, 4] as const

/** Masked frames, which only a client may send. */
export const masks: readonly ConformanceCase[] = [
  ...[TEXT, BINARY, PING, PONG].map((opcode) =>
    fails(`masked ${opcode}`, 'a masked frame', [frameOf({ opcode, payload: 'x', mask: KEY })], MASK),
  ),
  fails('masked, empty', 'a masked frame without a payload', [frameOf({ opcode: TEXT, mask: KEY })], MASK),
  fails(
    'masked with zeros',
    'a mask that changes nothing',
    [frameOf({ opcode: TEXT, payload: 'x', mask: [0, 0, 0, 0] })],
    MASK,
  ),
  fails(
    'masked, long',
    'a masked frame with a 16-bit length',
    [frameOf({ opcode: TEXT, payload: '*'.repeat(126), mask: KEY })],
    MASK,
  ),
  fails(
    'masked close',
    'a masked close',
    [frameOf({ opcode: CLOSE, payload: bytes('03e8'), mask: KEY })],
    MASK,
  ),
  fails(
    'masked after text',
    'texts, then a masked one',
    [text('1'), text('2'), frameOf({ opcode: TEXT, payload: '3', mask: KEY }), text('4')],
    MASK,
    [aText('1'), aText('2')],
  ),
  fails(
    'masked fragment',
    'a message whose second fragment is masked',
    [text('a', false), frameOf({ opcode: CONTINUATION, payload: 'b', mask: KEY })],
    MASK,
  ),
]

/** `maxPayload`, at each encoding of the length: exactly at the limit, and one above. */
export const payloadLimit: readonly ConformanceCase[] = [
  ...[1, 100, 125, 126, 130].flatMap((maxPayload) => {
    const facts = { limits: { maxPayload } }
    const most = 'x'.repeat(maxPayload)
    return [
      delivers(
        `${maxPayload} of ${maxPayload}`,
        'text and binary',
        [text(most), binary(most)],
        [aText(most), aBinary(most)],
        facts,
      ),
      fails(`text above ${maxPayload}`, 'one byte too many', [text(`${most}x`)], MESSAGE_LENGTH, [], facts),
      fails(
        `binary above ${maxPayload}`,
        'one byte too many',
        [binary(`${most}x`)],
        MESSAGE_LENGTH,
        [],
        facts,
      ),
      fails(
        `header above ${maxPayload}`,
        'a 64-bit length and nothing behind it',
        [text('x'), frameOf({ opcode: TEXT, length: BigInt(maxPayload) + 1n, lengthBits: 64 })],
        MESSAGE_LENGTH,
        [aText('x')],
        facts,
      ),
    ]
  }),
  delivers(
    'bytes, not characters',
    'a text of as many bytes',
    [text('é'.repeat(5))],
    [aText('é'.repeat(5))],
    { limits: { maxPayload: 10 } },
  ),
  fails(
    'bytes above',
    'a text of fewer characters and more bytes',
    [text('é'.repeat(5))],
    MESSAGE_LENGTH,
    [],
    {
      limits: { maxPayload: 9 },
    },
  ),
  delivers(
    'counted per message',
    'texts that are above it together',
    [text('12345'), text('67890'), text('12345', false), continuation('67890'), text('1234567890')],
    [aText('12345'), aText('67890'), aText('1234567890'), aText('1234567890')],
    { limits: { maxPayload: 10 } },
  ),
  fails(
    'fragments above',
    'fragments that are above it together',
    [text('12345', false), ping('any length'), continuation('678901')],
    MESSAGE_LENGTH,
    [aPing('any length')],
    { limits: { maxPayload: 10 } },
  ),
  fails(
    'after whole texts',
    'texts within it, then one above, then another',
    [text('1'), text('2'), text('12345678901'), text('3')],
    MESSAGE_LENGTH,
    [aText('1'), aText('2')],
    { limits: { maxPayload: 10 } },
  ),
  delivers('pings are free', 'a ping longer than it', [ping('longer than ten')], [aPing('longer than ten')], {
    limits: { maxPayload: 10 },
  }),
]

/** `maxFragments`. */
export const fragmentLimit: readonly ConformanceCase[] = [
  delivers(
    '3 of 3',
    'as many fragments, twice',
    [0, 1].flatMap(() => [text('a', false), continuation('b', false), continuation('c')]),
    [aText('abc'), aText('abc')],
    { limits: { maxFragments: 3 } },
  ),
  fails(
    '4 of 3',
    'one fragment too many',
    [
      text('a', false),
      continuation('b', false),
      ping('no fragment'),
      continuation('', false),
      continuation('d'),
    ],
    FRAGMENTS,
    [aPing('no fragment')],
    { limits: { maxFragments: 3 } },
  ),
  delivers(
    'whole messages do not count',
    'more messages than a message may have fragments',
    Array.from({ length: 5 }, () => text('x')),
    Array.from({ length: 5 }, () => aText('x')),
    { limits: { maxFragments: 1 } },
  ),
  fails('2 of 1', 'a message in two', [text('x', false), continuation('y')], FRAGMENTS, [], {
    limits: { maxFragments: 1 },
  }),
]
