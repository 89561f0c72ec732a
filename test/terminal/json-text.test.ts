import { expect } from 'chai'
import fc from 'fast-check'
import { compactJson, isJson, prettyJson } from '#src/terminal/json-text.js'

const TEXT = ' { "a" : [1, 2.50, 12345678901234567890] ,"b\\"c":{}, "d":[ ], "e":[[true],{"f":null}] } '

describe('compactJson', () => {
  it('removes white space outside strings', () => {
    expect(compactJson(TEXT)).to.equal(
      '{"a":[1,2.50,12345678901234567890],"b\\"c":{},"d":[],"e":[[true],{"f":null}]}',
    )
  })

  it('escapes control characters in strings, so that the value stays the same', () => {
    const text = '{"a":"\x7f\x9b\u202e"}'
    expect(compactJson(text)).to.equal('{"a":"\\u007f\\u009b\\u202e"}')
    expect(JSON.parse(compactJson(text))).to.deep.equal(JSON.parse(text))
  })

  it('passes each token with its kind to the paint function', () => {
    const painted = compactJson('{"k":["s",-1,true]}', (kind, text) =>
      kind === 'mark' ? text : `<${kind} ${text}>`,
    )
    expect(painted).to.equal('{<key "k">:[<string "s">,<number -1>,<word true>]}')
  })
})

describe('prettyJson', () => {
  it('indents like JSON.stringify, but keeps the digits of numbers', () => {
    const [, number = ''] = /(\d{20})/.exec(TEXT) ?? []
    const expected = JSON.stringify(JSON.parse(TEXT.replace(number, '3').replace('2.50', '4')), null, 2)
    expect(prettyJson(TEXT)).to.equal(expected.replace('3', number).replace('4', '2.50'))
  })

  it('prints every JSON value as JSON.stringify does, and with the same meaning', () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.jsonValue())), (value) => {
        const text = JSON.stringify(value)
        expect(JSON.parse(prettyJson(text))).to.deep.equal(JSON.parse(text))
        expect(JSON.parse(compactJson(prettyJson(text)))).to.deep.equal(JSON.parse(text))
      }),
    )
    const plain = JSON.stringify({ a: [[], {}, [1, { b: 'x' }]], c: '[{,:}]' })
    expect(prettyJson(plain)).to.equal(JSON.stringify(JSON.parse(plain), null, 2))
  })
})

describe('isJson', () => {
  it('accepts objects and arrays only', () => {
    expect(['{}', ' [1]\n', '"a"', '1', 'null', '{', '{a:1}'].map(isJson)).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
