import { expect } from 'chai'
import { copyBytes } from '#src/transports/copy-bytes.js'

describe('copyBytes', () => {
  it('returns bytes that do not change later, even for a Buffer, whose slices share memory', () => {
    for (const bytes of [new Uint8Array([1, 2]), Buffer.from([1, 2])]) {
      const copy = copyBytes(bytes)
      bytes.fill(9)
      expect([...(copy as Uint8Array)]).to.deep.equal([1, 2])
    }
  })

  it('returns text unchanged', () => {
    expect(copyBytes('text')).to.equal('text')
  })
})
