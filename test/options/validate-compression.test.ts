import { expect } from 'chai'
import { checkCompression } from '#src/options/validate-compression.js'

const check = (compression: unknown) => checkCompression(compression, 'options.compression')

describe('checkCompression', () => {
  it('accepts a boolean, or settings at both ends of their ranges', () => {
    for (const compression of [
      true,
      false,
      {},
      { serverNoContextTakeover: true, clientNoContextTakeover: false },
      { serverMaxWindowBits: 8, clientMaxWindowBits: 15, threshold: 0, level: 1, memLevel: 9 },
      { serverMaxWindowBits: 15, clientMaxWindowBits: 8, threshold: 65_536, level: 9, memLevel: 1 },
      { level: undefined, serverNoContextTakeover: undefined },
    ]) {
      expect(check(compression)).to.deep.equal([])
    }
  })

  it('rejects anything else', () => {
    for (const [compression, told] of [
      ['deflate', 'a string'],
      [1, '1'],
      [null, 'null'],
      [[], 'an array'],
    ] as const) {
      expect(check(compression)).to.deep.equal([
        {
          place: 'options.compression',
          cause: `expected a boolean or an object, received ${told}`,
          fix: 'use true, false, or an object such as { threshold: 1_024, memLevel: 5 }',
        },
      ])
    }
  })

  it('reports all mistakes, each with its place and its range', () => {
    const mistakes = check({
      serverMaxWindowBits: 7,
      clientMaxWindowBits: 16,
      threshold: -1,
      level: 0,
      memLevel: 8.5,
      serverNoContextTakeover: 'yes',
    })
    expect(
      mistakes.map(({ place, cause }) => `${place.replace('options.compression.', '')}: ${cause}`),
    ).to.deep.equal([
      'serverNoContextTakeover: expected a boolean, received a string',
      'serverMaxWindowBits: expected an integer, from 8 to 15, received 7',
      'clientMaxWindowBits: expected an integer, from 8 to 15, received 16',
      'threshold: expected an integer, 0 or more, received -1',
      'level: expected an integer, from 1 to 9, received 0',
      'memLevel: expected an integer, from 1 to 9, received 8.5',
    ])
    expect(mistakes.at(-1)?.fix).to.equal('use a number: from 1 to 9')
  })

  it('translates the names of ws and of Python websockets', () => {
    for (const [name, fix] of [
      ['zlibDeflateOptions', 'use compression: { level, memLevel, threshold }'],
      ['compress_settings', 'use compression: { level, memLevel, threshold }'],
      ['server_no_context_takeover', 'use serverNoContextTakeover'],
      ['client_max_window_bits', 'use clientMaxWindowBits'],
      ['memlevel', 'did you mean "memLevel"?'],
    ] as const) {
      const [mistake] = check({ [name]: 1 })
      expect(mistake).to.include({ place: `options.compression.${name}`, cause: 'unknown option', fix })
    }
  })
})
