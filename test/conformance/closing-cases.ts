import { CLOSE } from '../support/raw-server.js'
import { CLOSE_CODE, CONTROL_LENGTH, UTF8, aClose, aPing, aText, closes, delivers, fails } from './case.js'
import { FIN } from './case.js'
import type { ConformanceCase } from './case.js'
import { bytes, close, continuation, frameOf, ping, text } from './wire.js'

const HELLO = 'Hello World!'
const NORMAL = aClose(1000)
const LONG = 'BAsd7&jh23'.repeat(26_215).slice(0, 256 * 1024)
const NOT_UTF8 = bytes('03e8 ceba e1bdb9 cf83 cebc ceb5 eda080 656469746564')

/** Section 7.1: frames around a close. */
export const aroundClose: readonly ConformanceCase[] = [
  delivers('7.1.1', 'text, then a close', [text(HELLO)], [aText(HELLO)]),
  closes('7.1.2', 'two closes', [close(1000), frameOf({ opcode: CLOSE })], NORMAL),
  closes('7.1.3', 'a ping after a close', [close(1000), ping()], NORMAL),
  closes('7.1.4', 'text after a close', [close(1000), text(HELLO)], NORMAL),
  closes(
    '7.1.5',
    'a close between two fragments',
    [text('fragment1', false), close(1000), continuation('fragment2')],
    NORMAL,
  ),
  // Autobahn only records what a client does here.
  closes(
    '7.1.6',
    'a text of 256 KiB, another, a close, and a ping',
    [text(LONG), text(HELLO), close(1000), ping()],
    NORMAL,
    [aText(LONG), aText(HELLO)],
  ),
  closes(
    'violation after a close',
    'a reserved opcode after a close',
    [close(1000), frameOf({ opcode: 3 })],
    NORMAL,
  ),
  closes(
    'whole messages, then a close',
    'texts, a ping and a close, and a text too many',
    [text('1'), text('2'), ping('3'), text('4'), close(4_001, 'enough'), text('5')],
    aClose(4_001, 'enough'),
    [aText('1'), aText('2'), aPing('3'), aText('4')],
  ),
]

/** Section 7.3 and 7.5: the payload of a close. */
export const closePayloads: readonly ConformanceCase[] = [
  closes(
    '7.3.1',
    'a close without a code',
    [frameOf({ opcode: CLOSE })],
    aClose(1005),
    [],
    aClose(undefined),
  ),
  fails('7.3.2', 'a close of one byte', [frameOf({ opcode: CLOSE, payload: 'a' })], CONTROL_LENGTH),
  closes('7.3.3', 'a close with a code', [close(1000)], NORMAL),
  closes('7.3.4', 'a close with a reason', [close(1000, HELLO)], aClose(1000, HELLO)),
  closes(
    '7.3.5',
    'a close with the longest reason, 123 bytes',
    [close(1000, '*'.repeat(123))],
    aClose(1000, '*'.repeat(123)),
  ),
  fails('7.3.6', 'a close with a reason of 124 bytes', [close(1000, '*'.repeat(124))], CONTROL_LENGTH),
  fails('7.5.1', 'a close whose reason is not UTF-8', [frameOf({ opcode: CLOSE, payload: NOT_UTF8 })], UTF8),
  closes(
    'reason of many bytes',
    'a reason with longer characters',
    [close(1000, 'é€𤭢')],
    aClose(1000, 'é€𤭢'),
  ),
  fails('fragmented close', 'a close that is not final', [frameOf({ opcode: CLOSE, isFinal: false })], FIN),
  fails(
    'close with a long length',
    'a close of two bytes whose length takes 16 bits',
    [frameOf({ opcode: CLOSE, payload: bytes('03e8'), lengthBits: 16 })],
    CONTROL_LENGTH,
  ),
]

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]

/** Section 7.7, 7.9 and 7.13: the codes. Autobahn would also accept 1000 as the answer to any valid code. */
export const closeCodes: readonly ConformanceCase[] = [
  ...VALID.map((code, index) => closes(`7.7.${index + 1}`, `the code ${code}`, [close(code)], aClose(code))),
  ...INVALID.map((code, index) => fails(`7.9.${index + 1}`, `the code ${code}`, [close(code)], CLOSE_CODE)),
  // Autobahn only records what a client does with these two.
  fails('7.13.1', 'the code 5000', [close(5000)], CLOSE_CODE),
  fails('7.13.2', 'the code 65535', [close(65_535)], CLOSE_CODE),
  // Registered after the RFC, and not tested by Autobahn.
  ...[1012, 1013, 1014].map((code) =>
    closes(`code ${code}`, `the code ${code}`, [close(code)], aClose(code)),
  ),
  fails('code 1015', 'the code 1015', [close(1015)], CLOSE_CODE),
]
