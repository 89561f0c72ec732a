import { expect } from 'chai'
import { JsonSender } from 'holdfast'

interface Sink {
  sendJson(value: unknown): Promise<void>
}

/** Declares the constructor, which is internal. */
const Constructor = JsonSender as unknown as new (connection: Sink) => JsonSender

describe('JsonSender', () => {
  describe('#send', () => {
    it('sends on its connection, and returns the flow control of that send', () => {
      const flow = Promise.resolve()
      const sent: unknown[] = []
      const sender = new Constructor({
        sendJson(value) {
          sent.push(value)
          return flow
        },
      })
      expect(sender.send({ a: 1 })).to.equal(flow)
      expect(sent).to.deep.equal([{ a: 1 }])
    })

    it('passes on a function that creates the value', () => {
      const sent: unknown[] = []
      const make = (): object => ({ a: 1 })
      void new Constructor({ sendJson: (value) => Promise.resolve(void sent.push(value)) }).send(make)
      expect(sent).to.deep.equal([make])
    })

    it('passes on the options', () => {
      const given: unknown[] = []
      const sendJson = (...values: unknown[]): Promise<void> => Promise.resolve(void given.push(values))
      void new Constructor({ sendJson }).send(1, { compress: false })
      expect(given).to.deep.equal([[1, { compress: false }]])
    })

    it('throws whatever the connection throws', () => {
      const sender = new Constructor({
        sendJson() {
          throw new RangeError('no')
        },
      })
      expect(() => sender.send({})).to.throw(RangeError, 'no')
    })
  })
})
