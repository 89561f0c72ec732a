import { expect } from 'chai'
import { InFlightRequests } from '#src/requests/in-flight-requests.js'
import { PendingRequest } from '#src/requests/pending-request.js'
import { RequestIds } from '#src/requests/request-ids.js'
import { fillInRequests } from '#src/requests/request-options.js'
import type { IdAccessor, RequestOptions, RequestsOptions } from '#src/requests/request-options.js'

/** The requests in flight of a connection, and its IDs. */
function rig(options: RequestsOptions = {}) {
  const settings = fillInRequests(options)
  const ids = new RequestIds(settings.ids as IdAccessor, settings)
  /** Makes a request; one with an ID of its own reserves it, as `PendingRequests` does. */
  const request = (message: unknown, requestOptions: RequestOptions = {}): PendingRequest => {
    const own = ids.read(message)
    if (own) ids.reserve(own.key)
    return new PendingRequest(message, requestOptions, { intercept: () => true, fail: () => {} }, own)
  }
  return { ids, inFlight: new InFlightRequests(ids), request }
}

function withoutIds(message: unknown, options: RequestOptions = {}): PendingRequest {
  return new PendingRequest(message, options, { intercept: () => true, fail: () => {} }, undefined)
}

describe('InFlightRequests', () => {
  describe('#add', () => {
    it('writes a new ID into a message without one, and finds the request by its key', () => {
      const { inFlight, request } = rig({ idKey: String })
      const [first, second] = [request({ op: 'a' }), request({ op: 'b' })]
      expect(inFlight.add(first)).to.deep.equal({ op: 'a', id: 1 })
      expect(inFlight.add(second)).to.deep.equal({ op: 'b', id: 2 })
      expect(inFlight.get('1')).to.equal(first)
      expect(inFlight.get('2')).to.equal(second)
      expect(inFlight.get(1)).to.equal(undefined)
      expect(first).to.include({ id: 1, key: '1', wasSent: true })
      expect(inFlight.all()).to.deep.equal([first, second])
      expect(inFlight.size).to.equal(2)
    })

    it('reserves the new ID', () => {
      const { ids, inFlight, request } = rig()
      inFlight.add(request({}))
      expect(() => ids.read({ id: 1 })).to.throw(TypeError, 'is pending')
    })

    it('leaves a message unchanged that has an ID, and never makes the same one', () => {
      const { ids, inFlight, request } = rig()
      const message = { id: 1 }
      const own = request(message)
      expect(inFlight.add(own)).to.equal(message)
      expect(inFlight.get(1)).to.equal(own)
      expect(own.wasSent).to.equal(true)
      ids.release(1)
      expect(ids.next().id).to.equal(2)
    })

    it('finds a request by itself if the API has no IDs', () => {
      const inFlight = new InFlightRequests(undefined)
      const message = { op: 'a' }
      const request = withoutIds(message)
      expect(inFlight.add(request)).to.equal(message)
      expect(inFlight.get(request)).to.equal(request)
      expect(request).to.include({ id: undefined, key: request, wasSent: true })
    })

    it('adds nothing if no ID can be made', () => {
      const { ids, inFlight, request } = rig({ nextId: () => 'same' })
      ids.reserve('same')
      const refused = request({})
      expect(() => inFlight.add(refused)).to.throw(TypeError, 'gives no id')
      expect(inFlight.size).to.equal(0)
      expect(refused.wasSent).to.equal(false)
    })
  })

  describe('#has', () => {
    it('is true from add to remove, and of that request only', () => {
      const { inFlight, request } = rig()
      const [sent, other] = [request({}), request({})]
      expect(inFlight.has(sent)).to.equal(false)
      inFlight.add(sent)
      expect(inFlight.has(sent)).to.equal(true)
      expect(inFlight.has(other)).to.equal(false)
      inFlight.remove(sent)
      expect(inFlight.has(sent)).to.equal(false)
    })
  })

  describe('#matching', () => {
    it('returns the requests with a match only, the oldest first', () => {
      const { inFlight, request } = rig()
      const match = (): boolean => true
      const requests = [request({}, { match }), request({}), request({}, { match })] as const
      for (const each of requests) inFlight.add(each)
      expect(inFlight.matching()).to.deep.equal([requests[0], requests[2]])
      inFlight.remove(requests[0])
      expect(inFlight.matching()).to.deep.equal([requests[2]])
    })
  })

  describe('#remove', () => {
    it('releases an ID that was made for the request', () => {
      const { ids, inFlight, request } = rig()
      const sent = request({})
      inFlight.add(sent)
      inFlight.remove(sent)
      expect(inFlight.size).to.equal(0)
      expect(ids.read({ id: 1 })).to.deep.equal({ id: 1, key: 1 })
    })

    it("keeps the caller's own ID reserved, because the request may be sent again", () => {
      const { ids, inFlight, request } = rig()
      const own = request({ id: 7 })
      inFlight.add(own)
      inFlight.remove(own)
      expect(inFlight.size).to.equal(0)
      expect(() => ids.read({ id: 7 })).to.throw(TypeError, 'is pending')
    })

    it('leaves another request alone that has been given the same ID meanwhile', () => {
      const { ids, inFlight, request } = rig()
      const [old, young] = [request({}), request({})]
      inFlight.add(old)
      inFlight.remove(old)
      ids.restart()
      inFlight.add(young)
      inFlight.remove(old)
      expect(inFlight.get(1)).to.equal(young)
      expect(() => ids.read({ id: 1 })).to.throw(TypeError, 'is pending')
    })
  })
})
