import { expect } from 'chai'
import { inspect } from 'node:util'
import { TLS_NAMES, findTlsMistakes } from '#src/attempt/tls-fields.js'

const PIN = Array.from({ length: 32 }, () => 'aB').join(':')

/** Expects one mistake, with its place and a part of its cause. */
function expectMistake(tls: unknown, place: string, cause: string): void {
  const mistakes = findTlsMistakes(tls)
  expect(mistakes, inspect(mistakes)).to.have.lengthOf(1)
  expect(mistakes[0]?.place).to.equal(place)
  expect(mistakes[0]?.cause).to.include(cause)
  expect(inspect(mistakes)).to.not.include('secret')
}

describe('findTlsMistakes', () => {
  it("accepts Node's types, and members that are undefined", () => {
    const bytes = Buffer.from('x')
    const forms = [
      {},
      Object.fromEntries(TLS_NAMES.map((name) => [name, undefined])),
      { ca: 'x' },
      { ca: [bytes, 'x', new Uint8Array()] },
      { cert: 'x', key: bytes },
      { cert: ['x'], key: [{ pem: 'x', passphrase: 'p' }, 'x'], passphrase: 'p' },
      { pfx: bytes, passphrase: 'p' },
      { pfx: [{ buf: bytes, passphrase: 'p' }] },
      {
        servername: '',
        rejectUnauthorized: false,
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.3',
        ciphers: 'x',
      },
      { checkServerIdentity: () => undefined },
      { fingerprint256: PIN },
      { fingerprint256: [PIN.replaceAll(':', ''), PIN.toLowerCase()] },
    ]
    for (const tls of forms) expect(findTlsMistakes(tls), inspect(tls)).to.deep.equal([])
  })

  it('reports anything that is not an object', () => {
    for (const tls of [null, undefined, true, 'secret', [], () => ({})])
      expectMistake(tls, '', 'expected an object')
  })

  it('reports unknown members', () => {
    expectMistake({ cafile: 'secret' }, '.cafile', 'unknown option')
    expectMistake({ toString: 'secret' }, '.toString', 'unknown option')
  })

  it('reports members of another type, without their values', () => {
    for (const name of ['ca', 'cert', 'key', 'pfx']) {
      for (const value of [7, true, {}, [7], [{ other: 'secret' }]])
        expectMistake({ [name]: value }, `.${name}`, 'expected a string, bytes, or a list of these')
    }
    for (const name of ['passphrase', 'servername', 'ciphers'])
      expectMistake({ [name]: 7 }, `.${name}`, 'expected a string, received a number')
    expectMistake({ rejectUnauthorized: 'false' }, '.rejectUnauthorized', 'expected a boolean')
    expectMistake({ checkServerIdentity: true }, '.checkServerIdentity', 'expected a function')
    for (const value of ['1.3', 'TLSv1.4', 'tlsv1.3', 3])
      expectMistake({ minVersion: value }, '.minVersion', 'expected a TLS version')
  })

  it('reports pins that are not SHA-256 fingerprints', () => {
    const sha1 = Array.from({ length: 20 }, () => 'ab').join(':')
    for (const pin of [
      '',
      sha1,
      `${PIN}:aa`,
      PIN.replaceAll(':', '-'),
      `sha256/${PIN}`,
      [],
      [PIN, 'secret'],
      7,
    ])
      expectMistake({ fingerprint256: pin }, '.fingerprint256', 'expected SHA-256 fingerprints')
  })

  it('reports a certificate without its key, and a key without its certificate', () => {
    expectMistake({ cert: 'x' }, '.cert', 'requires its private key')
    expectMistake({ key: 'x' }, '.key', 'requires its certificate')
  })

  it('reports a lowest version above the highest', () => {
    expectMistake(
      { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' },
      '',
      'minVersion (TLSv1.3) exceeds maxVersion',
    )
  })
})
