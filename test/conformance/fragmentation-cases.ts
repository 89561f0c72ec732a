import { BINARY, CONTINUATION, PING, PONG, TEXT } from '../support/raw-server.js'
import { FIN, OPCODE, aBinary, aPing, aPong, aText, delivers, fails } from './case.js'
import type { ConformanceCase } from './case.js'
import { binary, continuation, frameOf, fragmented, ping, pong, text } from './wire.js'

const WHOLE = aText('fragment1fragment2')
const FIRST = text('fragment1', false)
const SECOND = continuation('fragment2')
const PING_BETWEEN = [FIRST, ping('ping payload'), SECOND]
const PINGED = [aPing('ping payload'), WHOLE]
const CHOPS = ['in one chop', 'frame by frame', 'byte by byte']

/** Returns three cases with the same bytes. Autobahn writes them in different chops; here each is written in all of them. */
function inAllChops(first: number, make: (id: string, chops: string) => ConformanceCase): ConformanceCase[] {
  return CHOPS.map((chops, index) => make(`5.${first + index}`, chops))
}

const FIVE = [
  FIRST,
  continuation('fragment2', false),
  ping('pongme 1!'),
  continuation('fragment3', false),
  continuation('fragment4', false),
  ping('pongme 2!'),
  continuation('fragment5'),
]
const FIVE_DELIVERED = [
  aPing('pongme 1!'),
  aPing('pongme 2!'),
  aText('fragment1fragment2fragment3fragment4fragment5'),
]

/** Section 5: fragmentation. */
export const fragmentation: readonly ConformanceCase[] = [
  ...[PING, PONG].map((opcode, index) =>
    fails(
      `5.${index + 1}`,
      `a ${index === 0 ? 'ping' : 'pong'} in two fragments`,
      [frameOf({ opcode, payload: 'fragment1', isFinal: false }), SECOND],
      FIN,
    ),
  ),
  ...inAllChops(3, (id, chops) => delivers(id, `text in two fragments, ${chops}`, [FIRST, SECOND], [WHOLE])),
  ...inAllChops(6, (id, chops) =>
    delivers(id, `text in two fragments around a ping, ${chops}`, PING_BETWEEN, PINGED),
  ),
  ...[true, false].flatMap((isFinal, index) =>
    inAllChops(9 + 3 * index, (id, chops) =>
      fails(
        id,
        `a${isFinal ? ' last' : ''} fragment of nothing, then text, ${chops}`,
        [continuation('non-continuation payload', isFinal), text('Hello, world!')],
        OPCODE,
      ),
    ),
  ),
  fails(
    '5.15',
    'text in two fragments, then a fragment of nothing, then text',
    [FIRST, SECOND, continuation('fragment3', false), text('fragment4')],
    OPCODE,
    [WHOLE],
  ),
  ...[false, true].map((isFinal, index) => {
    const once = [continuation('fragment1', isFinal), text('fragment2', false), continuation('fragment3')]
    const title = `a${isFinal ? ' last' : ''} fragment of nothing and text in two fragments, twice`
    return fails(`5.${16 + index}`, title, [...once, ...once], OPCODE)
  }),
  fails('5.18', 'text in two fragments that both start a message', [FIRST, text('fragment2')], OPCODE),
  delivers('5.19', 'text in five fragments around two pings, with a rest between', FIVE, FIVE_DELIVERED),
  delivers('5.20', 'the same, frame by frame', FIVE, FIVE_DELIVERED),
]

/** Cases missing from Autobahn's section 5. */
export const moreFragmentation: readonly ConformanceCase[] = [
  delivers(
    'binary in two fragments',
    'binary in two fragments around a ping and a pong',
    [binary('a', false), ping('1'), pong('2'), continuation('b')],
    [aPing('1'), aPong('2'), aBinary('ab')],
  ),
  delivers(
    'fragments, then whole',
    'text in two fragments, then whole, then in two again',
    [FIRST, SECOND, text('whole'), FIRST, SECOND],
    [WHOLE, aText('whole'), WHOLE],
  ),
  delivers(
    'whole, then fragments',
    'two whole texts, binary in fragments, text in fragments, whole binary and text',
    [text('1'), text('2'), binary('3', false), continuation('4'), FIRST, SECOND, binary('5'), text('6')],
    [aText('1'), aText('2'), aBinary('34'), WHOLE, aBinary('5'), aText('6')],
  ),
  delivers(
    'empty last fragment',
    'a text whose last fragment is empty, then whole text',
    [text('all', false), continuation(''), text('next')],
    [aText('all'), aText('next')],
  ),
  delivers(
    'one byte each',
    'a text of one byte in each fragment, with a ping between any two',
    fragmented(TEXT, Buffer.from('each'), 1).flatMap((fragment) => [fragment, ping('?')]),
    [...Array.from({ length: 3 }, () => aPing('?')), aText('each'), aPing('?')],
  ),
  fails(
    'text within binary',
    'a whole text message inside a fragmented binary one',
    [binary('a', false), text('b'), continuation('c')],
    OPCODE,
  ),
  fails(
    'binary within text',
    'a fragment that starts a binary message inside a text one',
    [text('a', false), frameOf({ opcode: BINARY, payload: 'b', isFinal: false })],
    OPCODE,
  ),
  fails(
    'empty text within text',
    'an empty whole text message inside a fragmented one',
    [text('', false), text('')],
    OPCODE,
  ),
  fails(
    'whole text after whole text within a message',
    'whole texts before a fragmented message, and one inside',
    [text('1'), text('2'), text('3', false), text('4'), frameOf({ opcode: CONTINUATION, payload: '5' })],
    OPCODE,
    [aText('1'), aText('2')],
  ),
]
