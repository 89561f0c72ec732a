import { expect } from 'chai'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { findHeaderMistakes, findProtocolMistakes } from '#src/attempt/request-fields.js'

const SECRET = 'tok-5d0c'

/** Every code unit that is special or next to a special one, and some others. */
const UNITS = [...Array.from({ length: 0x180 }, (_, code) => code), 0x2028, 0xd800, 0xdfff, 0xfffd]

function throws(call: () => void): boolean {
  try {
    call()
    return false
  } catch {
    return true
  }
}

describe('findHeaderMistakes', () => {
  it('finds nothing wrong with valid headers', () => {
    const headers = { authorization: 'Bearer x', 'X-A_b.c': '', 'x-latin-1': 'Grüße\t!', 'x-none': undefined }
    expect(findHeaderMistakes(headers)).to.deep.equal([])
    expect(findHeaderMistakes({})).to.deep.equal([])
  })

  it('rejects the same names as Node', () => {
    for (const code of UNITS) {
      for (const name of [String.fromCharCode(code), `x${String.fromCharCode(code)}y`]) {
        const isRefused = throws(() => validateHeaderName(name))
        expect(findHeaderMistakes({ [name]: 'v' }).length > 0, JSON.stringify(name)).to.equal(isRefused)
      }
    }
    expect(findHeaderMistakes({ '': 'v' })).to.have.length(1)
  })

  it('rejects the same values as Node', () => {
    for (const code of UNITS) {
      const value = `a${String.fromCharCode(code)}b`
      const isRefused = throws(() => validateHeaderValue('x', value))
      expect(findHeaderMistakes({ x: value }).length > 0, JSON.stringify(value)).to.equal(isRefused)
    }
  })

  it('names the header, the position of the character, and the fix', () => {
    expect(findHeaderMistakes({ authorization: `Bearer ${SECRET}\n` })).to.deep.equal([
      {
        place: '["authorization"]',
        cause: 'the value contains U+000A at position 15, which HTTP does not allow',
        fix: 'remove the trailing line break: value.trim()',
      },
    ])
    const [inside] = findHeaderMistakes({ 'x-a': 'a\nb\n' })
    expect(inside?.fix).to.equal(
      'remove line breaks and control characters; encode characters outside Latin-1',
    )
    const [emoji] = findHeaderMistakes({ 'x-a': '😀' })
    expect(emoji?.cause).to.equal('the value contains U+1F600 at position 0, which HTTP does not allow')
  })

  it('never shows a value, or text after a colon in a name', () => {
    const headers = {
      [`authorization: ${SECRET}\n`]: '',
      'x-line': `${SECRET}\n`,
      'x-list': ['fine', `${SECRET}\n`],
      [`x name\r\n:${SECRET}`]: SECRET,
    }
    const mistakes = findHeaderMistakes(headers)
    expect(mistakes.map(({ place }) => place)).to.deep.equal([
      '["authorization:…"]',
      '["x-line"]',
      '["x-list"][1]',
      '["x name\\r\\n:…"]',
    ])
    expect(JSON.stringify(mistakes)).not.to.contain(SECRET)
  })

  it('finds all problems, even two in one header', () => {
    const mistakes = findHeaderMistakes({ 'x a': 'a\nb', 'x-b': 'c\0d', 'x-c': 'fine' })
    expect(mistakes.map(({ place }) => place)).to.deep.equal(['["x a"]', '["x a"]', '["x-b"]'])
  })

  for (const [value, received] of [
    [5, 'a number'],
    [null, 'null'],
    [{}, 'a plain object'],
  ] as const) {
    it(`rejects ${received} as a value`, () => {
      const cause = `expected a string, received ${received}`
      const fix = 'use a string, an array of strings, or undefined to omit the header'
      expect(findHeaderMistakes({ 'x-a': value })).to.deep.equal([{ place: '["x-a"]', cause, fix }])
    })
  }

  it('accepts several values for one header, and checks each of them', () => {
    expect(findHeaderMistakes({ 'x-a': ['1', '2'], 'x-b': [] })).to.deep.equal([])
    const mistakes = findHeaderMistakes({ 'x-a': ['1', 'a\nb', 5, ['c']] })
    expect(mistakes.map(({ place, cause }) => `${place} ${cause}`)).to.deep.equal([
      '["x-a"][1] the value contains U+000A at position 1, which HTTP does not allow',
      '["x-a"][2] expected a string, received a number',
      '["x-a"][3] expected a string, received an array',
    ])
  })

  it('rejects a header that is given twice with different spelling, because only one would be sent', () => {
    const cause = 'duplicate header: names are case-insensitive'
    const fix = 'use one spelling, with an array of values to send the header more than once'
    const headers = { Cookie: SECRET, cookie: SECRET, 'X-None': undefined, 'x-none': 'a' }
    expect(findHeaderMistakes(headers)).to.deep.equal([{ place: '["cookie"]', cause, fix }])
  })

  for (const [name, fix] of [
    ['Sec-WebSocket-Protocol', 'use the protocols option'],
    ['sec-websocket-extensions', 'use the compression option'],
    ['Sec-WebSocket-Key', 'remove it'],
    ['connection', 'remove it'],
    ['Upgrade', 'remove it'],
    ['Content-Length', 'remove it'],
    ['transfer-encoding', 'remove it'],
  ] as const) {
    it(`rejects ${name}, which belongs to the handshake`, () => {
      const cause = 'this header belongs to the opening handshake, so Holdfast sets it'
      expect(findHeaderMistakes({ [name]: SECRET, host: 'other.test' })).to.deep.equal([
        { place: `["${name}"]`, cause, fix },
      ])
    })
  }

  for (const [headers, received] of [
    [undefined, 'undefined'],
    [null, 'null'],
    ['a: b', 'a string'],
    [['a', 'b'], 'an array'],
    [new Map([['a', 'b']]), 'an instance of Map'],
    [new Headers({ a: 'b' }), 'an instance of Headers'],
  ] as const) {
    it(`rejects ${received} as the headers, because nothing in it would be sent`, () => {
      const [mistake, ...others] = findHeaderMistakes(headers)
      expect(mistake).to.deep.include({ place: '', cause: `expected an object, received ${received}` })
      expect(others).to.deep.equal([])
    })
  }
})

describe('findProtocolMistakes', () => {
  it('finds nothing wrong with one name, several names, or none', () => {
    for (const protocols of ['graphql-ws', ['v1.0', "v2!#$%&'*+^_`|~"], []])
      expect(findProtocolMistakes(protocols)).to.deep.equal([])
  })

  it('rejects a name that is not a token, and shows only its index', () => {
    for (const protocol of ['', 'a b', 'a,b', 'a/b', 'ä', 'a\n', `${SECRET}==`, 5, null, undefined]) {
      const [mistake, ...others] = findProtocolMistakes(['good', protocol])
      expect(mistake).to.deep.equal({
        place: '[1]',
        cause: 'invalid subprotocol name (RFC 6455, section 4.1)',
        fix: 'use letters, digits, and -._~ only; no spaces, commas, or slashes',
      })
      expect(others).to.deep.equal([])
    }
    expect(findProtocolMistakes('a b')).to.have.nested.property('[0].place', '')
  })

  it('rejects a duplicate name', () => {
    expect(findProtocolMistakes(['a', 'b', 'a'])).to.deep.equal([
      { place: '[2]', cause: 'duplicate subprotocol', fix: 'remove the duplicate' },
    ])
  })

  it('rejects a value that is neither a string nor an array', () => {
    for (const [protocols, received] of [
      [5, 'a number'],
      [null, 'null'],
      [undefined, 'undefined'],
      [new Set(['a']), 'an instance of Set'],
    ] as const) {
      const cause = `expected a string or an array of strings, received ${received}`
      const fix =
        "use 'name', ['one', 'two'], { offer, required: false }, or a function that returns one of these"
      expect(findProtocolMistakes(protocols)).to.deep.equal([{ place: '', cause, fix }])
      expect(findProtocolMistakes({ offer: protocols })).to.deep.equal([
        { place: '.offer', cause, fix: "use 'name' or ['one', 'two']" },
      ])
    }
  })

  it('checks each part of an offer', () => {
    for (const offer of ['a', ['a', 'b']]) {
      for (const required of [true, false, undefined])
        expect(findProtocolMistakes({ offer, required })).to.deep.equal([])
    }
    const mistakes = findProtocolMistakes({ offer: ['a', 'b c'], required: 'no', optional: true })
    expect(mistakes.map(({ place, fix }) => `${place}: ${fix}`)).to.deep.equal([
      '.offer[1]: use letters, digits, and -._~ only; no spaces, commas, or slashes',
      '.required: use true or false',
      '.optional: use { offer, required }',
    ])
  })
})
