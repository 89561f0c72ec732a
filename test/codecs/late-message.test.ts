import { expect } from 'chai'
import { EncodeError } from 'holdfast'
import { jsonCodec, textCodec } from 'holdfast/codecs'
import { LateMessage } from '#src/codecs/late-message.js'
import type { LateRequest } from '#src/codecs/late-message.js'

const REQUEST: LateRequest = { isSettled: false, identify: (message) => message, fail: () => undefined }

describe('LateMessage', () => {
  it('counts as 0 bytes, and calls no function before it is encoded', () => {
    const late = new LateMessage(() => expect.fail('it was called'))
    expect(late).to.have.length(0)
  })

  describe('#encode', () => {
    it('encodes what its function returns, with its own codec or that of the link', () => {
      expect(new LateMessage(() => ({ a: 1 })).encode(jsonCodec)).to.equal('{"a":1}')
      expect(new LateMessage(() => ({ a: 1 }), jsonCodec).encode(textCodec)).to.equal('{"a":1}')
    })

    it('adds the ID of its request to the message', () => {
      const identify = (message: unknown): unknown => ({ ...(message as object), id: 7 })
      const late = new LateMessage(() => ({ a: 1 }), undefined, { ...REQUEST, identify })
      expect(late.encode(jsonCodec)).to.equal('{"a":1,"id":7}')
    })

    it('creates nothing for a settled request', () => {
      const make = (): never => expect.fail('it was called')
      expect(new LateMessage(make, undefined, { ...REQUEST, isSettled: true }).encode(jsonCodec)).to.equal(
        undefined,
      )
    })

    const failures: [string, () => unknown, string][] = [
      [
        'throws',
        () => {
          throw new Error('no key')
        },
        'The message function threw: no key',
      ],
      ['returns undefined', () => undefined, 'The message function returned undefined. Return the message'],
      [
        'returns a promise',
        () => Promise.reject(new Error('not unhandled')),
        'The message function returned a promise, which cannot be sent',
      ],
      ['returns a message that the codec cannot encode', () => Symbol('x'), 'Failed to encode'],
    ]
    for (const [title, make, text] of failures) {
      it(`throws an EncodeError if the function ${title}`, () => {
        expect(() => new LateMessage(make).encode(jsonCodec)).to.throw(EncodeError, text)
      })
    }
  })

  describe('#fail', () => {
    it('rejects the request, if there is one', () => {
      const errors: Error[] = []
      const error = new Error('no')
      new LateMessage(() => 1).fail(error)
      new LateMessage(() => 1, undefined, { ...REQUEST, fail: (each) => errors.push(each) }).fail(error)
      expect(errors).to.deep.equal([error])
    })
  })
})
