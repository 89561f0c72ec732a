import { expect } from 'chai'
import {
  checkCookies,
  checkHeaderValue,
  checkHeaders,
  checkProtocols,
  checkRedirects,
  checkUrl,
} from '#src/options/validate-request.js'

describe('checkUrl', () => {
  const check = (url: unknown) => checkUrl(url, 'options.url')

  it('accepts a string, a URL object or a function, which is called later', () => {
    for (const url of ['ws://peer.test', new URL('wss://peer.test'), () => 'http://later'])
      expect(check(url)).to.deep.equal([])
  })

  it('rejects anything else', () => {
    const cause = 'expected a string, a URL, or a function, received a number'
    expect(check(5)).to.deep.equal([{ place: 'options.url', cause, fix: "use 'wss://…'" }])
  })

  it('shows neither the query nor the credentials of a URL', () => {
    const mistakes = check('https://user:secret@peer.test/feed?token=secret')
    expect(mistakes).to.have.length(1)
    expect(mistakes[0]?.cause).to.contain('https://peer.test/feed has the unsupported scheme "https"')
    expect(mistakes[0]?.fix).to.contain('wss://')
    expect(JSON.stringify(mistakes)).not.to.contain('secret')
  })

  it('shows nothing that could be secret of a text that is not a URL', () => {
    const [mistake] = check('secret@peer.test/feed?token=secret')
    expect(mistake?.cause).to.equal("'…' is not an absolute URL")
    expect(mistake?.fix).to.contain('include scheme and host')
  })
})

describe('checkProtocols', () => {
  const check = (protocols: unknown) => checkProtocols(protocols, 'options.protocols')

  it('accepts one, several, none, or a function, which is called later', () => {
    for (const protocols of ['graphql-ws', ['v1.0', 'v2!#'], [], () => 'a b'])
      expect(check(protocols)).to.deep.equal([])
  })

  it('reports all mistakes, each with its place', () => {
    const places = check(['a', 'b c', 'a', 'd/e']).map(({ place }) => place)
    expect(places).to.deep.equal(['options.protocols[1]', 'options.protocols[2]', 'options.protocols[3]'])
    expect(check('a b')[0]?.place).to.equal('options.protocols')
    expect(check(5)[0]?.place).to.equal('options.protocols')
  })
})

describe('checkHeaders', () => {
  const check = (headers: unknown) => checkHeaders(headers, 'options.headers')

  it('accepts valid headers, or a function, which is called later', () => {
    for (const headers of [{}, { authorization: 'x', none: undefined }, () => ({ 'x a': 'b' })])
      expect(check(headers)).to.deep.equal([])
  })

  it('reports all mistakes, each with its place', () => {
    const places = check({ 'x-a': 'a\nb', 'x b': 'c', fine: 'd' }).map(({ place }) => place)
    expect(places).to.deep.equal(['options.headers["x-a"]', 'options.headers["x b"]'])
    for (const headers of ['a: b', null, ['a']]) expect(check(headers)[0]?.place).to.equal('options.headers')
  })
})

describe('checkHeaderValue', () => {
  const check = checkHeaderValue('use this')

  it('accepts a string that can be sent', () => {
    expect(check('https://app.test', 'options.origin')).to.deep.equal([])
  })

  it('rejects anything else, and does not show it', () => {
    expect(check('secret\nX-Injected: 1', 'options.origin')).to.deep.equal([
      {
        place: 'options.origin',
        cause: 'the value contains U+000A at position 6, which HTTP does not allow',
        fix: 'remove line breaks and control characters; encode characters outside Latin-1',
      },
    ])
    expect(check(['a'], 'options.origin')).to.deep.equal([
      { place: 'options.origin', cause: 'expected a string, received an array', fix: 'use this' },
    ])
  })
})

describe('checkRedirects', () => {
  it('accepts a boolean or a positive number', () => {
    for (const value of [true, false, 1, 20]) expect(checkRedirects(value, 'p')).to.deep.equal([])
  })

  for (const [value, received] of [
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    [Infinity, 'Infinity'],
    ['follow', 'a string'],
  ] as const) {
    it(`rejects ${value}`, () => {
      const cause = `expected a boolean or a positive integer, received ${received}`
      const fix = 'use true, false, or the maximum number of redirects'
      expect(checkRedirects(value, 'p')).to.deep.equal([{ place: 'p', cause, fix }])
    })
  }
})

describe('checkCookies', () => {
  it('accepts an object with get and set', () => {
    expect(checkCookies({ get: () => '', set: () => undefined }, 'p')).to.deep.equal([])
  })

  it('rejects anything else', () => {
    const fix = 'use { get: (url) => …, set: (url, setCookie) => … }'
    for (const [value, received] of [
      [{ get: () => '' }, 'a plain object'],
      ['a=1', 'a string'],
      [false, 'a boolean'],
    ] as const) {
      const cause = `expected an object with get and set, received ${received}`
      expect(checkCookies(value, 'p')).to.deep.equal([{ place: 'p', cause, fix }])
    }
  })
})
