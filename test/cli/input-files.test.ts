import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Arguments } from '#src/cli/arguments.js'
import { openingMessages, outgoingData, readInput } from '#src/cli/input-files.js'

describe('Input files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const text = join(folder, 'message.json')
  const bytes = join(folder, 'image.png')

  before(() => {
    writeFileSync(text, '{"a":1}\n')
    writeFileSync(bytes, Uint8Array.of(0xff, 0x00))
  })
  after(() => rmSync(folder, { recursive: true }))

  function messages(
    opening: Arguments['opening'],
    encoding: Arguments['encoding'] = 'text',
  ): { sent: readonly (string | Uint8Array)[]; mistakes: string[] } {
    const mistakes: string[] = []
    return { sent: openingMessages({ opening, encoding } as Arguments, mistakes), mistakes }
  }

  it('sends a file as text, if it is UTF-8', () => {
    expect(messages([{ kind: 'file', value: text }]).sent).to.deep.equal(['{"a":1}\n'])
  })

  it('sends a file as bytes, if it is not UTF-8, or with --binary', () => {
    expect(messages([{ kind: 'file', value: bytes }]).sent).to.deep.equal([Buffer.of(0xff, 0x00)])
    expect(messages([{ kind: 'file', value: text }], 'binary').sent).to.deep.equal([Buffer.from('{"a":1}\n')])
  })

  it('reports a file that cannot be read', () => {
    const mistakes: string[] = []
    expect(readInput('--ca', join(folder, 'none'), mistakes)).to.equal(undefined)
    expect(mistakes.join()).to.match(/^--ca: cannot read the file: ENOENT/)
  })

  it('decodes -x with --hex and --base64, and encodes it with --binary', () => {
    expect(outgoingData('hi', 'text')).to.equal('hi')
    expect(outgoingData('hi', 'binary')).to.deep.equal(Buffer.from('hi'))
    expect(outgoingData('00 ff', 'hex')).to.deep.equal(Buffer.of(0, 255))
    expect(outgoingData('AP8=', 'base64')).to.deep.equal(Buffer.of(0, 255))
  })

  it('reports -x that is not hex', () => {
    expect(messages([{ kind: 'text', value: 'xyz' }], 'hex')).to.deep.equal({
      sent: [],
      mistakes: ['--execute: expected hex, received other characters'],
    })
  })
})
