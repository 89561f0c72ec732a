import { expect } from 'chai'
import { paintJson, styled, usesColors } from '#src/terminal/colors.js'

describe('usesColors', () => {
  it('follows the terminal by default', () => {
    expect(usesColors(undefined, {}, true)).to.equal(true)
    expect(usesColors(undefined, {}, false)).to.equal(false)
    expect(usesColors(undefined, { TERM: 'dumb' }, true)).to.equal(false)
  })

  it('prefers the option to FORCE_COLOR, and FORCE_COLOR to NO_COLOR', () => {
    expect(usesColors(false, { FORCE_COLOR: '1' }, true)).to.equal(false)
    expect(usesColors(true, { NO_COLOR: '1' }, false)).to.equal(true)
    expect(usesColors(undefined, { FORCE_COLOR: '', NO_COLOR: '1' }, false)).to.equal(true)
    expect(usesColors(undefined, { FORCE_COLOR: '0' }, true)).to.equal(false)
  })

  it('ignores an empty NO_COLOR', () => {
    expect(usesColors(undefined, { NO_COLOR: '1' }, true)).to.equal(false)
    expect(usesColors(undefined, { NO_COLOR: '' }, true)).to.equal(true)
  })
})

describe('styled', () => {
  it('colors even if the output of this process is not a terminal', () => {
    expect(styled('red', 'x')).to.equal('\x1b[31mx\x1b[39m')
  })
})

describe('paintJson', () => {
  it('colors keys, values, and words, but not punctuation', () => {
    const kinds = ['key', 'string', 'number', 'word', 'mark'] as const
    expect(kinds.map((kind) => paintJson(kind, 'x'))).to.deep.equal([
      '\x1b[34mx\x1b[39m',
      '\x1b[32mx\x1b[39m',
      '\x1b[33mx\x1b[39m',
      '\x1b[35mx\x1b[39m',
      'x',
    ])
  })
})
