import { expect } from 'chai'
import { InFlightRequests } from '#src/requests/in-flight-requests.js'
import type { PendingRequest, RequestOwner } from '#src/requests/pending-request.js'
import type { RequestIds } from '#src/requests/request-ids.js'
import { fillInRequests } from '#src/requests/request-options.js'
import type { RequestOptions, RequestsOptions } from '#src/requests/request-options.js'
import { SingleRequest } from '#src/requests/single-request.js'
import { FACTS } from '../support/facts.js'

const OWNER: RequestOwner = { facts: { ...FACTS, connection: 'Api#1' }, abandon: () => {}, flush: () => {} }

/** The requests in flight of a link that uses IDs. */
function rig(options: RequestsOptions = {}) {
  const inFlight = new InFlightRequests(fillInRequests(options))
  const ids = inFlight.ids as RequestIds
  const request = (message: unknown, requestOptions: RequestOptions = {}): PendingRequest =>
    new SingleRequest(message, requestOptions, OWNER, ids.read(message), true)
  return { ids, inFlight, request }
}

describe('InFlightRequests', () => {
  describe('#add', () => {
    it('adds a new ID to a message that has none, and finds the request by its key', () => {
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

    it('does not assign the new ID to another request', () => {
      const { ids, inFlight, request } = rig()
      inFlight.add(request({}))
      expect(() => ids.read({ id: 1 })).to.throw(TypeError, 'is already pending')
    })

    it('leaves a message with an ID unchanged, and never assigns the same ID', () => {
      const { ids, inFlight, request } = rig()
      const message = { id: 1 }
      const own = request(message)
      expect(inFlight.add(own)).to.equal(message)
      expect(inFlight.get(1)).to.equal(own)
      expect(own.wasSent).to.equal(true)
      inFlight.remove(own)
      expect(ids.next().id).to.equal(2)
    })

    it('passes no reply to a request whose message is not created yet', () => {
      const { inFlight } = rig()
      const late = new SingleRequest(() => ({}), { match: () => true }, OWNER, undefined, true)
      inFlight.addLate(late)
      expect(inFlight.all()).to.deep.equal([late])
      expect(inFlight.matching()).to.deep.equal([])
      expect(inFlight.identifyLate(late, { op: 'a' })).to.deep.equal({ op: 'a' })
      expect(inFlight.get(late)).to.equal(late)
      expect(inFlight.matching()).to.deep.equal([late])
      expect(inFlight.size).to.equal(1)
      inFlight.remove(late)
      expect([inFlight.all(), inFlight.size]).to.deep.equal([[], 0])
    })

    it('keeps the ID of a late message, unless a pending request has it', () => {
      const { ids, inFlight, request } = rig()
      const [first, second] = [1, 2].map(() => new SingleRequest(() => ({}), {}, OWNER, undefined, true))
      inFlight.addLate(first as PendingRequest)
      const message = { id: 1 }
      expect(inFlight.identifyLate(first as PendingRequest, message)).to.equal(message)
      inFlight.addLate(second as PendingRequest)
      expect(() => inFlight.identifyLate(second as PendingRequest, { id: 1 })).to.throw(
        TypeError,
        'is already pending',
      )
      inFlight.remove(first as PendingRequest)
      expect(ids.next().id).to.equal(2)
      expect(inFlight.add(request({}))).to.deep.equal({ id: 3 })
    })

    it('finds a late request by itself if the API has no IDs', () => {
      const inFlight = new InFlightRequests(fillInRequests({ id: false }))
      const message = { op: 'a' }
      const late = new SingleRequest(() => message, {}, OWNER, undefined, true)
      inFlight.addLate(late)
      expect(inFlight.identifyLate(late, message)).to.equal(message)
      expect(inFlight.get(late)).to.equal(late)
      expect(late.wasSent).to.equal(true)
    })

    it('adds no ID to the message of a request that has a match, and uses the request itself as its key', () => {
      const { inFlight, request } = rig()
      const [message, match] = [{ op: 'a' }, (): boolean => true]
      const matching = request(message, { match })
      expect(inFlight.add(matching)).to.equal(message)
      expect(inFlight.get(matching)).to.equal(matching)
      expect(request({ id: 7 }, { match })).to.include({ id: 7, hasOwnId: true })
    })

    it('finds a request by itself if the API has no IDs', () => {
      const inFlight = new InFlightRequests(fillInRequests({ id: false }))
      const message = { op: 'a' }
      const request = new SingleRequest(message, {}, OWNER, undefined, true)
      expect(inFlight.ids).to.equal(undefined)
      expect(inFlight.add(request)).to.equal(message)
      expect(inFlight.get(request)).to.equal(request)
      expect(request).to.include({ id: undefined, key: request, wasSent: true })
    })

    it('adds nothing if no ID can be generated', () => {
      const { inFlight, request } = rig({ nextId: () => 'same' })
      inFlight.add(request({}))
      const refused = request({})
      expect(() => inFlight.add(refused)).to.throw(TypeError, 'did not return an unused ID')
      expect(inFlight.size).to.equal(1)
      expect(refused.wasSent).to.equal(false)
    })
  })

  describe('#has', () => {
    it('is true from add to remove, only for that request', () => {
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

  describe('#reserve', () => {
    it('reserves the ID of a waiting request, which is not in flight', () => {
      const { ids, inFlight, request } = rig()
      const waiting = request({ id: 1 })
      waiting.enter(OWNER)
      inFlight.reserve(waiting)
      expect(() => ids.read({ id: 1 })).to.throw(TypeError, 'is already pending')
      expect(ids.next().id).to.equal(2)
      expect(inFlight.get(1)).to.equal(undefined)
      expect(inFlight.has(waiting)).to.equal(false)
      expect(inFlight.all()).to.deep.equal([])
      expect(inFlight.size).to.equal(0)
      inFlight.remove(waiting)
      expect(inFlight.size).to.equal(0)
      expect(ids.read({ id: 1 })).to.deep.equal({ id: 1, key: 1 })
    })

    it('reserves nothing for a request that has no ID', () => {
      const { inFlight, request } = rig()
      const waiting = request({})
      inFlight.reserve(waiting)
      expect(inFlight.isTaken(request({}))).to.equal(false)
      expect(inFlight.all()).to.deep.equal([])
    })
  })

  describe('#isTaken', () => {
    it('reports whether another request has the ID that a request came with', () => {
      const { inFlight, request } = rig()
      const [own, free, made] = [request({ id: 1 }), request({ id: 2 }), request({})]
      inFlight.add(made)
      expect([own, free].map((each) => inFlight.isTaken(each))).to.deep.equal([true, false])
    })

    it('is false for a request whose ID was generated', () => {
      const { inFlight, request } = rig()
      const made = request({})
      inFlight.add(made)
      expect(inFlight.isTaken(made)).to.equal(false)
    })
  })

  describe('#matching', () => {
    it('returns only the requests with a match, oldest first', () => {
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
    it('frees the ID, chosen by the caller or not', () => {
      const { ids, inFlight, request } = rig()
      for (const sent of [request({}), request({ id: 7 })]) {
        inFlight.add(sent)
        inFlight.remove(sent)
      }
      expect(inFlight.size).to.equal(0)
      for (const id of [1, 7]) expect(ids.read({ id })).to.deep.equal({ id, key: id })
    })

    it('does not affect another request that has the same ID by now', () => {
      const [old, young] = [rig(), rig()]
      const sent = old.request({})
      old.inFlight.add(sent)
      const other = young.request({})
      young.inFlight.add(other)
      young.inFlight.remove(sent)
      expect(young.inFlight.get(1)).to.equal(other)
      expect(young.inFlight.size).to.equal(1)
    })
  })
})
