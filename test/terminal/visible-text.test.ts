import { expect } from 'chai'
import { visibleText } from '#src/terminal/visible-text.js'

describe('visibleText', () => {
  it('escapes C0 and C1 control characters, and keeps tabs', () => {
    expect(visibleText('a\x1b[31m\x07\x9b2J\x7f\tb')).to.equal('a\\u001b[31m\\u0007\\u009b2J\\u007f\tb')
  })

  it('escapes marks that reorder text', () => {
    expect(visibleText('a\u202eb\u2066c')).to.equal('a\\u202eb\\u2066c')
  })

  it('escapes line feeds, or replaces them by another text', () => {
    expect(visibleText('a\r\nb\nc')).to.equal('a\\nb\\nc')
    expect(visibleText('a\nb', '\n  ')).to.equal('a\n  b')
  })

  it('keeps letters of all scripts and emoji', () => {
    expect(visibleText('Ä 日本 עברית 👩‍👧')).to.equal('Ä 日本 עברית 👩‍👧')
  })
})
