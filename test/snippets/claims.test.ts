import { expect } from 'chai'
import { claimsOf, wrongClaims, wrongOutput } from './claims.js'
import type { Snippet } from './snippet.js'

describe('The output that comments show', () => {
  it('is found behind calls of the console, and nowhere else', () => {
    const code = [
      "const url = 'wss://example.com' // where it connects",
      'console.log(url) // wss://example.com',
      "console.error('http://a', '//b') // c",
      'if (url) items.forEach((item) => console.warn(item)) // first',
      'console.log(url)',
      '// a remark',
      'console.log(',
      '  url,',
      ') // over three lines',
    ].join('\n')
    expect(claimsOf(code, 10)).to.deep.equal([
      { line: 11, text: 'wss://example.com' },
      { line: 12, text: 'c' },
      { line: 13, text: 'first' },
      { line: 16, text: 'over three lines' },
    ])
  })

  it('is compared with the first output of the line', () => {
    const prints = [
      { line: 3, text: 'one' },
      { line: 3, text: 'two' },
    ]
    expect(wrongClaims('docs/a.md', [{ line: 3, text: 'one' }], prints)).to.deep.equal([])
    expect(wrongClaims('docs/a.md', [{ line: 3, text: 'two' }], prints)).to.deep.equal([
      'docs/a.md:3 is wrong: expected two, received one',
    ])
  })

  it('has to be printed', () => {
    expect(wrongClaims('docs/a.md', [{ line: 3, text: 'one' }], [{ line: 4, text: 'one' }])).to.deep.equal([
      'docs/a.md:3 never printed: expected one',
    ])
  })

  it('is on one line, even if several lines are printed', () => {
    const prints = [{ line: 1, text: '{\n  a: [ 1 ],\n  took: 37\n}' }]
    expect(wrongClaims('docs/a.md', [{ line: 1, text: '{ a: [ 1 ], took: 37 }' }], prints)).to.deep.equal([])
    expect(wrongClaims('docs/a.md', [{ line: 1, text: '{ a: [ 2 ], took: 37 }' }], prints)).to.have.length(1)
  })

  it('is compared as a whole with what the text below shows', () => {
    const snippet: Snippet = { page: 'docs/a.md', line: 3, kind: 'run', code: '', output: ['one', 'two'] }
    const prints = ['one', 'two'].map((text) => ({ line: 0, text }))
    expect(wrongOutput(snippet, prints)).to.deep.equal([])
    expect(wrongOutput(snippet, [...prints].reverse())).to.deep.equal([
      'docs/a.md:3 does not print what the text below it says: expected one, two, received two, one',
    ])
    expect(wrongOutput(snippet, prints.slice(1))).to.have.length(1)
  })
})
