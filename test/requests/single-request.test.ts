import { expect } from 'chai'
import { SingleRequest } from '#src/requests/single-request.js'
import { rejection } from '../support/rejection.js'
import { FACTS } from '../support/facts.js'

function request(): SingleRequest {
  return new SingleRequest(
    {},
    {},
    { facts: { ...FACTS, connection: 'Api#1' }, abandon: () => {}, flush: () => {} },
    undefined,
    true,
  )
}

describe('SingleRequest', () => {
  it('resolves with the result of the first reply, which is the last', async () => {
    const asked = request()
    expect(asked.onReply(2, (reply) => (reply as number) * 2)).to.equal(true)
    expect(await asked.promise).to.equal(4)
  })

  it('throws whatever the result function throws, and stays pending', async () => {
    const asked = request()
    const thrown = new Error('odd')
    const broken = (): never => {
      throw thrown
    }
    expect(() => asked.onReply(1, broken)).to.throw(thrown.message)
    asked.onReply(1, String)
    expect(await asked.promise).to.equal('1')
  })

  it('rejects, but never causes an unhandled rejection', async () => {
    const asked = request()
    const error = new Error('no')
    asked.reject(error)
    await new Promise(setImmediate)
    expect(await rejection(asked.promise)).to.equal(error)
  })
})
