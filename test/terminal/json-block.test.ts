import { expect } from 'chai'
import { JsonBlock, openBrackets } from '#src/terminal/json-block.js'

function messages(...lines: string[]): (string | undefined)[] {
  const block = new JsonBlock()
  return lines.map((line) => block.add(line))
}

describe('JsonBlock', () => {
  it('returns a line that does not start with a bracket', () => {
    expect(messages('hello {', '')).to.deep.equal(['hello {', ''])
  })

  it('returns JSON on one line', () => {
    expect(messages('{"a":[1]}')).to.deep.equal(['{"a":[1]}'])
  })

  it('joins lines until all brackets are closed', () => {
    expect(messages('{', '"a": [', '1', ']}', 'next')).to.deep.equal([
      undefined,
      undefined,
      undefined,
      '{\n"a": [\n1\n]}',
      'next',
    ])
  })

  it('ignores brackets in strings', () => {
    expect(messages('["}]", "\\"]"', ']')).to.deep.equal([undefined, '["}]", "\\"]"\n]'])
  })

  it('ends at an empty line', () => {
    expect(messages('{"a":', '', 'b')).to.deep.equal([undefined, '{"a":', 'b'])
  })

  it('forgets an incomplete message', () => {
    const block = new JsonBlock()
    block.add('{')
    expect(block.isOpen).to.equal(true)
    block.clear()
    expect(block.isOpen).to.equal(false)
    expect(block.add('}')).to.equal('}')
  })
})

describe('openBrackets', () => {
  it('counts brackets that are not closed', () => {
    expect(['{[', '{}', ']', '["[', '"'].map(openBrackets)).to.deep.equal([2, 0, -1, 1, 0])
  })
})
