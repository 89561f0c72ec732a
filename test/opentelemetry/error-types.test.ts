import { expect } from 'chai'
import { ErrorTypes } from '#src/opentelemetry/error-types.js'

function withCode(code: unknown): Error {
  return Object.assign(new Error('the secret is 42'), { code })
}

describe('ErrorTypes', () => {
  const typeOf = (error: { readonly name: string; readonly code?: unknown } | undefined) =>
    new ErrorTypes().attributes(error)

  it('uses the code of an error, or else its name, but never its message', () => {
    expect(typeOf(withCode('ECONNREFUSED'))).to.deep.equal({ 'error.type': 'ECONNREFUSED' })
    expect(typeOf(withCode(undefined))).to.deep.equal({ 'error.type': 'Error' })
    expect(typeOf(new TypeError('secret'))).to.deep.equal({ 'error.type': 'TypeError' })
  })

  it('ignores a numeric code, which would not describe anything', () => {
    expect(typeOf(new DOMException('late', 'TimeoutError'))).to.deep.equal({ 'error.type': 'TimeoutError' })
  })

  it('sets no attribute without an error', () => {
    expect(typeOf(undefined)).to.deep.equal({})
  })

  it('does not treat an abort as an error', () => {
    expect(typeOf(new DOMException('stop', 'AbortError'))).to.deep.equal({})
    expect(typeOf(withCode('ABORT_ERR'))).to.deep.equal({})
  })

  it('replaces what is not an identifier with _OTHER', () => {
    for (const code of ['', 'a secret', 'token=abc', '42', 'x'.repeat(65)])
      expect(typeOf(withCode(code)), code).to.deep.equal({ 'error.type': '_OTHER' })
  })

  it('distinguishes up to 100 types, and keeps them', () => {
    const types = new ErrorTypes()
    const seen = new Set<unknown>()
    for (let index = 0; index < 10_000; index += 1)
      seen.add(types.attributes(withCode(`E${index}`))['error.type'])
    expect(seen.size).to.equal(101)
    expect(types.attributes(withCode('E99'))).to.deep.equal({ 'error.type': 'E99' })
    expect(types.attributes(withCode('E100'))).to.deep.equal({ 'error.type': '_OTHER' })
  })
})
