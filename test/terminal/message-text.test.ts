import { expect } from 'chai'
import { printedMessage } from '#src/terminal/message-text.js'
import type { MessageStyle } from '#src/terminal/message-text.js'

const PIPED: MessageStyle = {
  isRaw: false,
  isNulTerminated: false,
  isPretty: false,
  hasColors: false,
  hasTimestamps: false,
  binary: undefined,
}
const BYTES = Buffer.from('hi\n')

function printed(message: string | Uint8Array, style: Partial<MessageStyle> = {}): string {
  return printedMessage(message, 0, { ...PIPED, ...style }).toString()
}

describe('printedMessage', () => {
  it('prints a message on one line', () => {
    expect(printed('{ "a":\n1 }')).to.equal('{"a":1}\n')
    expect(printed('one\ntwo')).to.equal('one\\ntwo\n')
    expect(printed('\x1b[2J')).to.equal('\\u001b[2J\n')
    expect(printed(BYTES)).to.equal('68690a\n')
  })

  it('prints a pretty message on several lines, with the continuation indented', () => {
    expect(printed('{"a":1}', { isPretty: true })).to.equal('{\n  "a": 1\n}\n')
    expect(printed('one\n> two', { isPretty: true })).to.equal('one\n  > two\n')
    expect(printed(BYTES, { isPretty: true })).to.match(/^binary, 3 bytes\n0{8} {2}68 69 0a +[|]hi[.][|]\n$/)
  })

  it('prints a raw message unchanged', () => {
    expect(printed('{ "a":\n1 }\x1b', { isRaw: true, isPretty: true })).to.equal('{ "a":\n1 }\x1b\n')
    expect(printed('a\nb', { isRaw: true, isNulTerminated: true })).to.equal('a\nb\0')
    expect(printed(BYTES, { isRaw: true })).to.equal('hi\n')
    expect(printed(BYTES, { isRaw: true, isNulTerminated: true })).to.equal('hi\n\0')
  })

  it('prints binary messages in the chosen encoding', () => {
    expect(printed(BYTES, { binary: 'hex', isPretty: true })).to.equal('68690a\n')
    expect(printed(BYTES, { binary: 'base64', isRaw: true })).to.equal('aGkK\n')
  })

  it('colors JSON and timestamps', () => {
    expect(printed('{"a":1}', { hasColors: true })).to.equal('{\x1b[34m"a"\x1b[39m:\x1b[33m1\x1b[39m}\n')
    expect(printed('x', { hasTimestamps: true, hasColors: true })).to.equal(
      '\x1b[2m1970-01-01T00:00:00.000Z\x1b[22m x\n',
    )
    expect(printed('x', { hasTimestamps: true })).to.equal('1970-01-01T00:00:00.000Z x\n')
  })
})
