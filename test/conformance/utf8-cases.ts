import { TEXT } from '../support/raw-server.js'
import { UTF8, aBinary, aPing, aText, breaksOff, delivers, fails } from './case.js'
import type { ConformanceCase } from './case.js'
import { binary, bytes, continuation, fragmented, ping, text } from './wire.js'

const GREETING = 'Hello-µ@ßöäüàá-UTF-8!!'
const KOSME = bytes('ce ba e1 bd b9 cf 83 ce bc ce b5')
const SURROGATE = Buffer.concat([KOSME, bytes('ed a0 80'), Buffer.from('edited')])
const TOO_HIGH = Buffer.concat([KOSME, bytes('f4 90 80 80'), Buffer.from('edited')])

/** Section 6.1 to 6.4: empty messages, and UTF-8 in fragments. */
export const utf8Fragments: readonly ConformanceCase[] = [
  delivers('6.1.1', 'an empty text', [text('')], [aText('')]),
  delivers(
    '6.1.2',
    'an empty text in three fragments',
    [text('', false), continuation('', false), continuation('')],
    [aText('')],
  ),
  delivers(
    '6.1.3',
    'a text in three fragments, with the outer ones empty',
    [text('', false), continuation('middle frame payload', false), continuation('')],
    [aText('middle frame payload')],
  ),
  delivers('6.2.1', 'a text with characters of two bytes', [text(GREETING)], [aText(GREETING)]),
  delivers(
    '6.2.2',
    'the same, fragmented between two characters',
    [text('Hello-µ@ßöä', false), continuation('üàá-UTF-8!!')],
    [aText(GREETING)],
  ),
  delivers('6.2.3', 'the same, one byte a fragment', fragmented(TEXT, Buffer.from(GREETING), 1), [
    aText(GREETING),
  ]),
  delivers('6.2.4', 'characters of three bytes, one byte a fragment', fragmented(TEXT, KOSME, 1), [
    aText(KOSME),
  ]),
  fails('6.3.1', 'a surrogate in a text', [text(SURROGATE)], UTF8),
  fails('6.3.2', 'the same, one byte a fragment', fragmented(TEXT, SURROGATE, 1), UTF8),
  ...afterTheFact(),
]

/**
 * Autobahn expects a client to fail at the first invalid byte, and calls it non-strict to fail when the message is complete. `ws` is
 * non-strict here. The second case of each pair shows that nothing is reported before that.
 */
function afterTheFact(): ConformanceCase[] {
  const cuts = [
    [11, 15],
    [12, 13],
  ] as const
  return cuts.flatMap(([first, second], index) => {
    const [one, two, three] = [
      TOO_HIGH.subarray(0, first),
      TOO_HIGH.subarray(first, second),
      TOO_HIGH.subarray(second),
    ]
    const fragments = [text(one, false), continuation(two, false), continuation(three)]
    const frame = text(TOO_HIGH)
    const chops = [
      frame.subarray(0, 2 + first),
      frame.subarray(2 + first, 2 + second),
      frame.subarray(2 + second),
    ]
    return [
      fails(`6.4.${index + 1}`, 'a code point above the highest, in three fragments', fragments, UTF8),
      breaksOff(`6.4.${index + 1}, unfinished`, 'the same without the last fragment', fragments.slice(0, 2)),
      fails(`6.4.${index + 3}`, 'a code point above the highest, in three chops of one frame', chops, UTF8),
      breaksOff(`6.4.${index + 3}, unfinished`, 'the same without the last chop', chops.slice(0, 2)),
    ]
  })
}

const LAST_BYTE_MISSING = [
  'c0',
  'e0 80',
  'f0 80 80',
  'f8 80 80 80',
  'fc 80 80 80 80',
  'df',
  'ef bf',
  'f7 bf bf',
  'fb bf bf bf',
  'fd bf bf bf bf',
]

/** Lengths in bytes at which the start of {@link KOSME} ends with a whole character. */
const WHOLE_CHARACTERS = [2, 5, 7, 9, 11]

function range(first: number, last: number, after: string): string {
  const all = Array.from({ length: last - first }, (_, index) => (first + index).toString(16) + after)
  return all.join('')
}

/** Returns the noncharacters, which are valid nevertheless: the last two code points of each plane. */
function nonCharacters(): string[] {
  const planes = Array.from({ length: 17 }, (_, plane) => plane * 0x10000)
  const all = planes.flatMap((plane) => [plane + 0xfffe, plane + 0xffff])
  return all.map((codePoint) => Buffer.from(String.fromCodePoint(codePoint)).toString('hex'))
}

/** Section 6.5 to 6.23: the title of each, whether it is valid, and the texts, each in a whole message. */
const SEQUENCES: readonly (readonly [
  title: string,
  isValid: boolean | number[],
  texts: readonly string[],
])[] = [
  [
    'characters of each length',
    true,
    [
      ...['24', 'c2 a2', 'e2 82 ac', 'f0 a4 ad a2'].map((each) => `68656c6c6f ${each} 776f726c64`),
      KOSME.toString('hex'),
    ],
  ],
  [
    'all starts of a valid text',
    WHOLE_CHARACTERS,
    Array.from({ length: KOSME.length }, (_, index) => KOSME.subarray(0, index + 1).toString('hex')),
  ],
  ['the first of each length', true, ['00', 'c2 80', 'e0 a0 80', 'f0 90 80 80']],
  ['the first of five and six bytes', false, ['f8 88 80 80 80', 'fc 84 80 80 80 80']],
  ['the last of each length', true, ['7f', 'df bf', 'ef bf bf', 'f4 8f bf bf']],
  ['the last of four to six bytes', false, ['f7 bf bf bf', 'fb bf bf bf bf', 'fd bf bf bf bf bf']],
  ['other boundaries', [1, 2, 3, 4], ['ed 9f bf', 'ee 80 80', 'ef bf bd', 'f4 8f bf bf', 'f4 90 80 80']],
  [
    'continuation bytes of nothing',
    false,
    [
      '80',
      'bf',
      '80 bf',
      '80 bf 80',
      '80 bf 80 bf',
      '80 bf 80 bf 80',
      '80 bf 80 bf 80 bf',
      range(0x80, 0xbf, ''),
    ],
  ],
  [
    'first bytes alone',
    false,
    [
      range(0xc0, 0xdf, '20'),
      range(0xe0, 0xef, '20'),
      range(0xf0, 0xf7, '20'),
      range(0xf8, 0xfb, '20'),
      range(0xfc, 0xfd, '20'),
    ],
  ],
  ['sequences without their last byte', false, LAST_BYTE_MISSING],
  ['incomplete sequences in a row', false, [LAST_BYTE_MISSING.join(' ')]],
  ['bytes that never occur', false, ['fe', 'ff', 'fe fe ff ff']],
  ['an overlong slash', false, ['c0 af', 'e0 80 af', 'f0 80 80 af', 'f8 80 80 80 af', 'fc 80 80 80 80 af']],
  [
    'the longest overlong',
    false,
    ['c1 bf', 'e0 9f bf', 'f0 8f bf bf', 'f8 87 bf bf bf', 'fc 83 bf bf bf bf'],
  ],
  ['an overlong NUL', false, ['c0 80', 'e0 80 80', 'f0 80 80 80', 'f8 80 80 80 80', 'fc 80 80 80 80 80']],
  [
    'single surrogates',
    false,
    ['ed a0 80', 'ed ad bf', 'ed ae 80', 'ed af bf', 'ed b0 80', 'ed be 80', 'ed bf bf'],
  ],
  [
    'surrogates in pairs',
    false,
    ['ed a0 80', 'ed ad bf', 'ed ae 80', 'ed af bf'].flatMap((high) => [
      `${high} ed b0 80`,
      `${high} ed bf bf`,
    ]),
  ],
  ['noncharacters', true, nonCharacters()],
  ['specials', true, ['b9', 'ba', 'bb', 'bc', 'bd', 'be', 'bf'].map((last) => `ef bf ${last}`)],
]

/** Section 6.5 to 6.23. */
export const utf8Sequences: readonly (readonly [title: string, readonly ConformanceCase[]])[] = SEQUENCES.map(
  ([title, isValid, texts], section) => {
    const cases = texts.map((hex, index) => {
      const id = `6.${section + 5}.${index + 1}`
      const payload = bytes(hex)
      const isOne =
        typeof isValid === 'boolean' ? isValid : isValid.includes(section === 1 ? payload.length : index + 1)
      return isOne
        ? delivers(id, hex, [text(payload)], [aText(payload)])
        : fails(id, hex, [text(payload)], UTF8)
    })
    return [`6.${section + 5} ${title}`, cases]
  },
)

/** Cases that go wrong if whole chunks are decoded: the bytes of several frames are not one text. */
export const utf8AcrossFrames: readonly ConformanceCase[] = [
  delivers('byte order mark', 'a text that starts with U+FEFF', [text('\ufeffx')], [aText('\ufeffx')]),
  delivers(
    'NUL',
    'texts with NUL',
    [text('\0'), text('a\0b'), text('é\0')],
    [aText('\0'), aText('a\0b'), aText('é\0')],
  ),
  delivers(
    'latin1',
    'texts with one character above U+007F each',
    [text('a\u0080'), text('b\u00ff'), text('c\u0100'), text('ascii')],
    [aText('a\u0080'), aText('b\u00ff'), aText('c\u0100'), aText('ascii')],
  ),
  delivers(
    'not ASCII, then ASCII',
    'long texts, every other one ASCII',
    Array.from({ length: 8 }, (_, index) => text((index % 2 === 0 ? 'é' : 'e').repeat(40))),
    Array.from({ length: 8 }, (_, index) => aText((index % 2 === 0 ? 'é' : 'e').repeat(40))),
  ),
  delivers(
    'binary between',
    'ASCII texts around binary and a ping that are not UTF-8',
    [text('a'), binary(bytes('c3 28')), text('b'), ping(bytes('ff')), text('c')],
    [aText('a'), aBinary(bytes('c3 28')), aText('b'), aPing(bytes('ff')), aText('c')],
  ),
  fails(
    'completed by the next header',
    'a text that lacks one byte, then text: the header 81 looks like that byte',
    [text('ok'), text(bytes('c3')), text('x')],
    UTF8,
    [aText('ok')],
  ),
  fails(
    'completed by the next message',
    'a text that lacks one byte, then a text that starts with it',
    [text(bytes('61 e2 82')), text(bytes('ac 61'))],
    UTF8,
  ),
  fails(
    'valid, invalid, valid',
    'three texts, the second one not UTF-8',
    [text('one'), text(bytes('c3 28')), text('three')],
    UTF8,
    [aText('one')],
  ),
  fails(
    'at the end of a long text',
    'a text of 130 bytes whose last is not UTF-8',
    [text(Buffer.concat([Buffer.from('x'.repeat(129)), bytes('ff')]))],
    UTF8,
  ),
  fails(
    'around 24 bytes',
    'texts of 23, 24 and 25 bytes, then one of 24 that is not UTF-8',
    [...[23, 24, 25].map((length) => text('x'.repeat(length))), text(Buffer.alloc(24, 0xbf))],
    UTF8,
    [23, 24, 25].map((length) => aText('x'.repeat(length))),
  ),
]
