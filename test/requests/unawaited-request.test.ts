import { expect } from 'chai'
import { ReplyError } from 'holdfast'
import { homeAssistant, jsonRpc } from 'holdfast/requests'
import { InFlightRequests } from '#src/requests/in-flight-requests.js'
import { fillInRequests } from '#src/requests/request-options.js'
import type { RequestsOptions } from '#src/requests/request-options.js'
import { unawaitedRequest } from '#src/requests/unawaited-request.js'

function rig(options: RequestsOptions = {}) {
  const settings = fillInRequests(options)
  const { ids } = new InFlightRequests(settings)
  return (message: unknown) => unawaitedRequest(message, ids, settings)
}

describe('unawaitedRequest', () => {
  it('adds a unique ID to each message, and recognizes its reply', () => {
    const send = rig(jsonRpc())
    const [first, second] = [send({ method: 'a' }), send({ method: 'b' })]
    expect([first.message, second.message]).to.deep.equal([
      { jsonrpc: '2.0', method: 'a', id: 1 },
      { jsonrpc: '2.0', method: 'b', id: 2 },
    ])
    expect([first, second].map(({ isReply }) => isReply({ id: 2, result: 1 }))).to.deep.equal([false, true])
    expect(second.isReply({ id: 2, method: 'a call' })).to.equal(false)
    expect(second.isReply('text')).to.equal(false)
  })

  it('keeps the ID of a message, and assigns it to no other', () => {
    const send = rig({ idKey: String })
    const message = { id: 1 }
    const own = send(message)
    expect(own.message).to.equal(message)
    expect(own.isReply({ id: '1' })).to.equal(true)
    expect(send({}).message).to.deep.equal({ id: 2 })
  })

  it('returns the error of an error reply', () => {
    const { isReply } = rig(homeAssistant())({ type: 'subscribe_events' })
    const answer = isReply({ id: 1, type: 'result', success: false, error: { message: 'no' } })
    expect(answer).to.be.instanceOf(ReplyError).with.property('id', 1)
    expect(isReply({ id: 1, type: 'event' })).to.equal(false)
  })

  it('throws if there are no IDs, or the message cannot have one', () => {
    expect(() => rig({ id: false })({})).to.throw(TypeError, 'requests.id is false')
    expect(() => rig()('text')).to.throw(TypeError, 'Send an object')
  })
})
