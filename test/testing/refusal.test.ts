import { expect } from 'chai'
import { headerLines, lowercased, refusalError, statusLine } from '#src/testing/refusal.js'

describe('refusalError', () => {
  it('is the error of a real refusal: status, headers with lowercase names, and body', () => {
    const refusal = { headers: { 'Retry-After': '10' }, body: 'try later' }
    const error = refusalError('wss://user:secret@peer.test/feed?token=secret', 503, refusal)
    expect(error.message).to.equal(
      'Server rejected the handshake with HTTP 503 Service Unavailable: wss://peer.test/feed',
    )
    expect([error.status, error.headers, error.body]).to.deep.equal([
      503,
      { 'retry-after': '10' },
      'try later',
    ])
  })
})

describe('statusLine', () => {
  it('names a known status, and shows an unknown one alone', () => {
    expect([statusLine(401), statusLine(599)]).to.deep.equal(['401 Unauthorized', '599'])
  })
})

describe('lowercased', () => {
  it('keeps the values', () => {
    expect(lowercased({ 'Set-Cookie': ['a', 'b'] })).to.deep.equal({ 'set-cookie': ['a', 'b'] })
  })
})

describe('headerLines', () => {
  it('has a line for each value, and none for undefined', () => {
    expect(headerLines({ a: '1', b: ['2', '3'], c: undefined })).to.deep.equal(['a: 1', 'b: 2', 'b: 3'])
    expect(headerLines()).to.deep.equal([])
  })
})
