import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { ReplyError } from '#src/errors/request-errors.js'
import { PendingRequests } from '#src/requests/pending-requests.js'
import type { RequestsOptions } from '#src/requests/request-options.js'
import { fillInRequests } from '#src/requests/request-options.js'
import { homeAssistant, jsonRpc, ocpp } from '#src/requests/presets.js'
import { rejection } from '../support/rejection.js'
import { FACTS } from '../support/facts.js'

/** Requests that are sent immediately, and the sent messages. */
function rig(options?: RequestsOptions) {
  const sent: unknown[] = []
  const settings = fillInRequests(options)
  const stats = { unmatched: 0 }
  const requests = new PendingRequests(settings, new FakeClock(), {
    facts: { ...FACTS, connection: 'Api#1' },
    send: (message) => sent.push(message),
    sendLate: (source, request) => sent.push(request.identify((source as () => unknown)())),
    isRateLimited: false,
    canSend: () => true,
    isOpen: () => true,
    onCancelError: () => undefined,
    onChange: () => undefined,
    onError: (thrown) => {
      throw thrown
    },
    onUnmatched: () => void (stats.unmatched += 1),
  })
  return { sent, stats, requests, respond: settings.respond }
}

/** Sends a request, answers it, and returns the error. */
async function refused(options: RequestsOptions, message: unknown, reply: (id: unknown) => unknown) {
  const { requests, sent } = rig(options)
  const asked = requests.request(message)
  expect(
    requests.take(reply(Array.isArray(sent[0]) ? sent[0][1] : (sent[0] as { id: unknown }).id)),
  ).to.equal(true)
  const error = await rejection(asked)
  expect(error).to.be.instanceOf(ReplyError)
  return error as ReplyError
}

describe('fillInRequests', () => {
  it('uses the property id, counts from 1, resolves with the whole reply, and allows 30 s and 1,000 requests at once', async () => {
    const { requests, sent } = rig()
    const asked = requests.request({ op: 'a' })
    void requests.request({ op: 'b' })
    expect(sent).to.deep.equal([
      { op: 'a', id: 1 },
      { op: 'b', id: 2 },
    ])
    requests.take({ id: 1, error: 'only an error with requests.error' })
    expect(await asked).to.deep.equal({ id: 1, error: 'only an error with requests.error' })
    expect(fillInRequests()).to.include({ timeout: 30_000, limit: 1_000, heartbeatIds: false })
  })

  it('treats an explicit undefined as the default, and false as off', () => {
    const settings = fillInRequests({ timeout: undefined, limit: undefined, id: undefined })
    expect(settings).to.include({ timeout: 30_000, limit: 1_000 })
    expect(settings.ids && settings.ids.write({}, 1)).to.deep.equal({ id: 1 })
    expect(fillInRequests({ timeout: false, id: false })).to.include({ timeout: false, ids: false })
  })

  it('accepts the name of another property', async () => {
    const { requests, sent } = rig({ id: 'req_id' })
    const asked = requests.request({ op: 'a' })
    expect(sent).to.deep.equal([{ op: 'a', req_id: 1 }])
    expect(requests.take({ id: 1 })).to.equal(false)
    expect(requests.take({ req_id: 1, ok: true })).to.equal(true)
    expect(await asked).to.deep.equal({ req_id: 1, ok: true })
  })

  it('reads reply IDs with replyId, and the request ID from any location', async () => {
    const header = (message: unknown): Record<string, unknown> | undefined =>
      (message as { header?: Record<string, unknown> } | null)?.header
    const { requests, sent } = rig({
      id: {
        read: (message) => header(message)?.['msg_id'],
        write: (message, id) => ({ ...(message as object), header: { ...header(message), msg_id: id } }),
      },
      replyId: (message) => (message as { parent_header?: { msg_id?: string } }).parent_header?.msg_id,
      nextId: (count) => `m${count}`,
    })
    const asked = requests.request({ header: { msg_type: 'execute' } })
    expect(sent).to.deep.equal([{ header: { msg_type: 'execute', msg_id: 'm1' } }])
    expect(requests.take({ parent_header: { msg_id: 'm1' }, content: 'ok' })).to.equal(true)
    expect(await asked).to.have.property('content', 'ok')
  })

  it('reads the reply ID like the request ID if only id is set', async () => {
    const { requests } = rig({
      id: { read: (message) => (message as unknown[])[0], write: (message, id) => [id, message] },
    })
    const asked = requests.request({ op: 'a' })
    expect(requests.take([1, 'fine'])).to.equal(true)
    expect(await asked).to.deep.equal([1, 'fine'])
  })

  it('does not modify the message', () => {
    const { requests } = rig()
    const message = Object.freeze({ op: 'a' })
    void requests.request(message)
    expect(message).to.deep.equal({ op: 'a' })
  })

  for (const message of ['text', 7, null, undefined, ['an', 'array'], new Uint8Array(2)]) {
    it(`throws a TypeError at the call if a message has no properties: ${JSON.stringify(message)}`, () => {
      const { requests, sent } = rig()
      expect(() => requests.request(message)).to.throw(TypeError, 'Cannot add the "id" property')
      expect(sent).to.deep.equal([])
      expect(requests.size).to.equal(0)
    })
  }

  describe('respond', () => {
    it('adds the ID of the incoming request to the result', () => {
      const { respond } = rig({ id: 'envelope_id' })
      expect(respond({ envelope_id: 'e1', type: 'x' }, { payload: 1 })).to.deep.equal({
        payload: 1,
        envelope_id: 'e1',
      })
      expect(respond({ envelope_id: 'e1' }, undefined)).to.deep.equal({ envelope_id: 'e1' })
    })

    it('throws a TypeError if the message has no ID', () => {
      expect(() => rig().respond({ type: 'x' }, {})).to.throw(TypeError, 'the message has no ID')
    })

    it('returns the result itself if the API has no IDs', () => {
      expect(rig({ id: false }).respond({}, 'ok')).to.equal('ok')
    })

    it('returns what the option creates from both', () => {
      const respond = (incoming: unknown, result: unknown): unknown => [incoming, result]
      expect(rig({ respond }).respond(1, 2)).to.deep.equal([1, 2])
    })
  })
})

describe('jsonRpc', () => {
  it('sends a version 2.0 request and resolves with its result, even if that is null or missing', async () => {
    const { requests, sent } = rig(jsonRpc())
    const asked = [1, 2, 3].map((params) => requests.request({ method: 'm', params }))
    expect(sent[0]).to.deep.equal({ jsonrpc: '2.0', id: 1, method: 'm', params: 1 })
    requests.take({ jsonrpc: '2.0', id: 3, result: 0 })
    requests.take({ jsonrpc: '2.0', id: 1, result: null })
    requests.take({ id: 2 })
    expect(await Promise.all(asked)).to.deep.equal([null, undefined, 0])
  })

  it("rejects with the peer's error, including its code and message", async () => {
    const error = await refused(jsonRpc(), { method: 'm' }, (id) => ({
      id,
      error: { code: -32_601, message: 'Method not found' },
    }))
    expect(error).to.include({ id: 1, code: 'HOLDFAST_REPLY' })
    expect(error.details).to.deep.equal({ code: -32_601, message: 'Method not found' })
    expect(error.message).to.equal(
      'Request 1 (method "m") of Api#1 failed: the server replied -32601 Method not found',
    )
  })

  it('treats error: null as no error, as in version 1.0', async () => {
    const { requests } = rig(jsonRpc())
    const asked = requests.request({ method: 'm' })
    requests.take({ id: 1, result: 5, error: null })
    expect(await asked).to.equal(5)
  })

  it('leaves requests and notifications from the server to the handlers, regardless of their ID', () => {
    const { requests, stats } = rig(jsonRpc())
    void requests.request({ method: 'm' })
    expect(requests.take({ jsonrpc: '2.0', id: 1, method: 'ask' })).to.equal(false)
    expect(requests.take({ jsonrpc: '2.0', method: 'told', params: { error: 1 } })).to.equal(false)
    expect(requests.take([{ id: 1, result: 1 }])).to.equal(false)
    expect(requests.size).to.equal(1)
    expect(stats.unmatched).to.equal(0)
  })

  it('leaves an error with ID null to the handlers, and counts it', () => {
    const { requests, stats } = rig(jsonRpc())
    void requests.request({ method: 'm' })
    expect(requests.take({ jsonrpc: '2.0', id: null, error: { code: -32_700 } })).to.equal(false)
    expect(requests.size).to.equal(1)
    expect(stats.unmatched).to.equal(1)
  })

  it('answers a request with its own ID: with a result, with null for none, or with an error for an Error', () => {
    const { respond } = rig(jsonRpc())
    const call = { jsonrpc: '2.0', id: 'x', method: 'ask' }
    expect(respond(call, [1])).to.deep.equal({ jsonrpc: '2.0', id: 'x', result: [1] })
    expect(respond(call, undefined)).to.deep.equal({ jsonrpc: '2.0', id: 'x', result: null })
    expect(respond(call, new Error('no'))).to.deep.equal({
      jsonrpc: '2.0',
      id: 'x',
      error: { code: -32_603, message: 'no' },
    })
    expect(() => respond({ method: 'told' }, 1)).to.throw(TypeError, 'the message has no ID')
  })
})

describe('ocpp', () => {
  it("handles only the server's CALLs during @OnOpen", () => {
    const { duringOpen } = ocpp()
    const messages = [[2, 'id', 'Reset', {}], [3, 'id', {}], [4, 'id', 'E', '', {}], { 0: 2 }, null]
    expect(messages.map((message) => duringOpen?.(message))).to.deep.equal([true, false, false, false, false])
    expect([jsonRpc().duringOpen, homeAssistant().duringOpen]).to.deep.equal([undefined, undefined])
  })

  const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

  it('creates a CALL from action and payload, with a UUID, and resolves with the payload of its result', async () => {
    const { requests, sent } = rig(ocpp())
    const asked = requests.request(['Heartbeat', {}])
    const [type, id, ...rest] = sent[0] as unknown[]
    expect([type, ...rest]).to.deep.equal([2, 'Heartbeat', {}])
    expect(id).to.match(uuid)
    expect(requests.take([3, id, { currentTime: 'now' }])).to.equal(true)
    expect(await asked).to.deep.equal({ currentTime: 'now' })
  })

  it('keeps the ID of a complete CALL', async () => {
    const { requests, sent } = rig(ocpp())
    const asked = requests.request([2, 'mine', 'Heartbeat', {}])
    expect(sent).to.deep.equal([[2, 'mine', 'Heartbeat', {}]])
    requests.take([3, 'mine', { ok: 1 }])
    expect(await asked).to.deep.equal({ ok: 1 })
  })

  it('generates the ID of a complete CALL that has none', () => {
    const { requests, sent } = rig(ocpp())
    void requests.request([2, undefined, 'Heartbeat', {}])
    const [call] = sent as unknown[][]
    expect(call).to.have.length(4)
    expect(call?.[1]).to.match(uuid)
  })

  it('keeps one request in flight at a time, and the rest in order', () => {
    const { requests, sent } = rig(ocpp())
    for (const id of ['a', 'b', 'c']) void requests.request([2, id, 'Heartbeat', {}])
    expect(sent).to.have.length(1)
    requests.take([3, 'a', {}])
    requests.take([4, 'b', 'GenericError', '', {}])
    expect(sent.map((call) => (call as unknown[])[1])).to.deep.equal(['a', 'b', 'c'])
  })

  it('rejects with the content of a CALLERROR', async () => {
    const error = await refused(ocpp(), ['Reset', {}], (id) => [4, id, 'NotSupported', 'no reset', { a: 1 }])
    expect(error.details).to.deep.equal({ code: 'NotSupported', message: 'no reset', details: { a: 1 } })
    expect(error.message).to.match(
      /^Request [\da-f-]{36} .* of Api#1 failed: the server replied NotSupported no reset$/,
    )
  })

  it("leaves the server's CALLs to the handlers, even with an ID that is pending here", () => {
    const { requests, stats } = rig(ocpp())
    void requests.request([2, 'same', 'Heartbeat', {}])
    expect(requests.take([2, 'same', 'Reset', {}])).to.equal(false)
    expect(requests.take({ id: 'same' })).to.equal(false)
    expect(requests.size).to.equal(1)
    expect(stats.unmatched).to.equal(0)
  })

  it('answers a CALL with a CALLRESULT, or with a CALLERROR for an Error', () => {
    const { respond } = rig(ocpp())
    const call = [2, 'x', 'Reset', {}]
    expect(respond(call, { status: 'Accepted' })).to.deep.equal([3, 'x', { status: 'Accepted' }])
    expect(respond(call, undefined)).to.deep.equal([3, 'x', {}])
    expect(respond(call, new Error('no'))).to.deep.equal([4, 'x', 'InternalError', 'no', {}])
  })

  it('throws a TypeError at the call if the message is not an array', () => {
    expect(() => rig(ocpp()).requests.request({ action: 'Reset' })).to.throw(TypeError, '[action, payload]')
  })
})

describe('homeAssistant', () => {
  it('resolves with the result or with the whole pong, and increments IDs', async () => {
    const { requests, sent } = rig(homeAssistant())
    const asked = [requests.request({ type: 'get_states' }), requests.request({ type: 'ping' })]
    expect(sent).to.deep.equal([
      { type: 'get_states', id: 1 },
      { type: 'ping', id: 2 },
    ])
    requests.take({ id: 2, type: 'pong' })
    requests.take({ id: 1, type: 'result', success: true, result: ['state'] })
    expect(await Promise.all(asked)).to.deep.equal([['state'], { id: 2, type: 'pong' }])
  })

  it('rejects if success is false', async () => {
    const error = await refused(homeAssistant(), { type: 'x' }, (id) => ({
      id,
      type: 'result',
      success: false,
      error: { code: 'unknown_command', message: 'Unknown command.' },
    }))
    expect(error.message).to.equal(
      'Request 1 (type "x") of Api#1 failed: the server replied unknown_command Unknown command.',
    )
  })

  it('rejects if success is false, even if there is no error', async () => {
    const error = await refused(homeAssistant(), { type: 'x' }, (id) => ({
      id,
      type: 'result',
      success: false,
    }))
    expect(error.details).to.deep.equal({})
    expect(error.message).to.equal('Request 1 (type "x") of Api#1 failed: the server replied with an error')
  })

  it('leaves events to the handlers and does not count them: they have the ID of their subscription', () => {
    const { requests, stats } = rig(homeAssistant())
    void requests.request({ type: 'subscribe_events' })
    expect(requests.take({ id: 1, type: 'event', event: {} })).to.equal(false)
    expect(requests.take({ id: 9, type: 'event', event: {} })).to.equal(false)
    expect(requests.take({ type: 'auth_ok' })).to.equal(false)
    expect(requests.size).to.equal(1)
    expect(stats.unmatched).to.equal(0)
  })

  it('receives a subscription and all its events as several replies, found by a match', async () => {
    const { requests } = rig(homeAssistant())
    const events = requests.requestMany(
      { type: 'subscribe_events', id: 1 },
      { match: (message, id) => (message as { id?: unknown }).id === id, isLast: () => false },
    )
    requests.take({ id: 1, type: 'result', success: true, result: null })
    requests.take({ id: 2, type: 'event', event: 'of another' })
    requests.take({ id: 1, type: 'event', event: 'mine' })
    expect([(await events[Symbol.asyncIterator]().next()).value]).to.deep.equal([null])
    expect((await events[Symbol.asyncIterator]().next()).value).to.have.property('event', 'mine')
  })
})

describe('heartbeatIds', () => {
  it('are for APIs that require an ID in every message', () => {
    const asks = (options: RequestsOptions): boolean => fillInRequests(options).heartbeatIds
    expect([homeAssistant(), ocpp(), jsonRpc(), {}].map(asks)).to.deep.equal([true, true, false, false])
    expect(asks({ ...jsonRpc(), heartbeatIds: true })).to.equal(true)
  })

  it('continue the sequence of the requests', () => {
    const { requests, sent } = rig(homeAssistant())
    void requests.request({ type: 'get_states' })
    expect(requests.withId({ type: 'ping' })).to.deep.equal({ type: 'ping', id: 2 })
    void requests.request({ type: 'get_states' })
    expect(sent).to.deep.equal([1, 3].map((id) => ({ type: 'get_states', id })))
  })

  it('turn a heartbeat into a CALL, which OCPP could not send otherwise', () => {
    const call = rig(ocpp()).requests.withId(['Heartbeat', {}]) as unknown[]
    expect([call[0], ...call.slice(2)]).to.deep.equal([2, 'Heartbeat', {}])
    expect(call[1]).to.be.a('string').with.length(36)
  })
})
