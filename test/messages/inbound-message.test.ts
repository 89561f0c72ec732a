import { expect } from 'chai'
import { arrivalOf, release } from '#src/messages/inbound-message.js'

describe('An arrival', () => {
  it('is made out of one that is over', () => {
    const first = arrivalOf('message', { n: 1 }, '{"n":1}', 10, 7)
    release(first)
    const bytes = Uint8Array.of(1, 2)
    const second = arrivalOf('binary', bytes, bytes, 20, 2)
    expect(second).to.equal(first)
    expect(second).to.deep.equal({ kind: 'binary', value: bytes, raw: bytes, receivedAt: 20, size: 2 })
    release(second)
  })

  it('is another one while the last is not over', () => {
    const first = arrivalOf('message', { n: 1 }, '{"n":1}', 10, 7)
    const second = arrivalOf('message', { n: 2 }, '{"n":2}', 11, 7)
    expect(second).not.to.equal(first)
    expect(first).to.deep.include({ value: { n: 1 }, raw: '{"n":1}' })
    release(first)
    release(second)
  })

  it('holds nothing in memory once it is over', () => {
    const arrival = arrivalOf('message', { n: 1 }, '{"n":1}', 10, 7)
    release(arrival)
    expect(arrival).to.deep.include({ value: undefined, raw: '' })
  })
})
