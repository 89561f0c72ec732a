import { expect } from 'chai'
import { linesOf } from '#src/terminal/lines.js'

async function linesIn(...chunks: (string | Buffer)[]): Promise<string[]> {
  async function* input(): AsyncGenerator<string | Buffer, void> {
    yield* chunks
  }
  const lines: string[] = []
  for await (const line of linesOf(input())) lines.push(line)
  return lines
}

describe('linesOf', () => {
  it('splits at line feeds, also in the middle of a chunk', async () => {
    expect(await linesIn('a\nb', 'c\n', '\nd\n')).to.deep.equal(['a', 'bc', '', 'd'])
  })

  it('returns a last line without a line feed', async () => {
    expect(await linesIn('a\nb')).to.deep.equal(['a', 'b'])
    expect(await linesIn('')).to.deep.equal([])
  })

  it('removes carriage returns at the end', async () => {
    expect(await linesIn('a\r\nb\r', '\nc\r')).to.deep.equal(['a', 'b', 'c'])
  })

  it('joins a character that two chunks share', async () => {
    const bytes = Buffer.from('€\n')
    expect(await linesIn(bytes.subarray(0, 1), bytes.subarray(1))).to.deep.equal(['€'])
  })
})
