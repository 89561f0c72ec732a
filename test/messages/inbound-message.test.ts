import { expect } from 'chai'
import { acquireMessage, releaseMessage } from '#src/messages/inbound-message.js'

describe('An arrival', () => {
  it('is made out of one that is over', () => {
    const first = acquireMessage('message', { n: 1 }, '{"n":1}', 10, 7)
    releaseMessage(first)
    const bytes = Uint8Array.of(1, 2)
    const second = acquireMessage('binary', bytes, bytes, 20, 2)
    expect(second).to.equal(first)
    expect(second).to.deep.equal({ kind: 'binary', value: bytes, raw: bytes, receivedAt: 20, size: 2 })
    releaseMessage(second)
  })

  it('is another one while the last is not over', () => {
    const first = acquireMessage('message', { n: 1 }, '{"n":1}', 10, 7)
    const second = acquireMessage('message', { n: 2 }, '{"n":2}', 11, 7)
    expect(second).not.to.equal(first)
    expect(first).to.deep.include({ value: { n: 1 }, raw: '{"n":1}' })
    releaseMessage(first)
    releaseMessage(second)
  })

  it('holds nothing in memory once it is over', () => {
    const arrival = acquireMessage('message', { n: 1 }, '{"n":1}', 10, 7)
    releaseMessage(arrival)
    expect(arrival).to.deep.include({ value: undefined, raw: '' })
  })
})
