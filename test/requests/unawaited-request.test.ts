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
  it('gives each message an id of its own, and knows its reply', () => {
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

  it('keeps an id that the message has, and gives it to nobody else', () => {
    const send = rig({ idKey: String })
    const message = { id: 1 }
    const own = send(message)
    expect(own.message).to.equal(message)
    expect(own.isReply({ id: '1' })).to.equal(true)
    expect(send({}).message).to.deep.equal({ id: 2 })
  })

  it('returns the error that a reply is', () => {
    const { isReply } = rig(homeAssistant())({ type: 'subscribe_events' })
    const answer = isReply({ id: 1, type: 'result', success: false, error: { message: 'no' } })
    expect(answer).to.be.instanceOf(ReplyError).with.property('id', 1)
    expect(isReply({ id: 1, type: 'event' })).to.equal(false)
  })

  it('throws where there are no ids, or the message can have none', () => {
    expect(() => rig({ id: false })({})).to.throw(TypeError, 'requests.id is false')
    expect(() => rig()('text')).to.throw(TypeError, 'Send an object')
  })
})
