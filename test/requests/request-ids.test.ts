import { expect } from 'chai'
import { RequestIds } from '#src/requests/request-ids.js'
import type { IdAccessor, RequestsOptions } from '#src/requests/request-options.js'
import { fillInRequests } from '#src/requests/request-options.js'

/** The IDs of a link with these options, and the pending requests. */
function rig(options: RequestsOptions = {}) {
  const settings = fillInRequests(options)
  const reserved = new Map<unknown, unknown>()
  return { reserved, ids: new RequestIds(settings.ids as IdAccessor, settings, reserved) }
}

function idsWith(options: RequestsOptions = {}): RequestIds {
  return rig(options).ids
}

/** Generates this number of IDs, and reserves each. */
function nextKeys({ ids, reserved }: ReturnType<typeof rig>, count: number): unknown[] {
  return Array.from({ length: count }, () => {
    const { key } = ids.next()
    reserved.set(key, true)
    return key
  })
}

describe('RequestIds', () => {
  describe('#read', () => {
    it('returns the ID of a message, and the key that represents it in comparisons', () => {
      expect(idsWith({ idKey: String }).read({ id: 5 })).to.deep.equal({ id: 5, key: '5' })
      expect(idsWith().read({ id: 0 })).to.deep.equal({ id: 0, key: 0 })
    })

    it('returns undefined if a message has no ID', () => {
      for (const message of [{}, { id: null }, { id: undefined }]) {
        expect(idsWith().read(message)).to.equal(undefined)
      }
    })

    it('throws if a pending request has the same ID, until that is released', () => {
      const { ids, reserved } = rig({ idKey: String })
      reserved.set('5', true)
      expect(() => ids.read({ id: 5 })).to.throw(
        TypeError,
        'A request with ID 5 is already pending. Omit the ID to have one generated',
      )
      reserved.delete('5')
      expect(ids.read({ id: 5 })).to.deep.equal({ id: 5, key: '5' })
    })

    it('does not reveal the contents of an ID that is an object', () => {
      const { ids, reserved } = rig({ idKey: JSON.stringify })
      reserved.set('{"secret":1}', true)
      expect(() => ids.read({ id: { secret: 1 } })).to.throw(
        TypeError,
        'the same ID (a plain object) is already pending',
      )
    })

    it('throws for a message that cannot have an ID', () => {
      expect(() => idsWith().read('text')).to.throw(TypeError, 'Cannot add the "id" property to a string')
    })
  })

  describe('#next', () => {
    it('counts from 1', () => {
      expect(nextKeys(rig(), 3)).to.deep.equal([1, 2, 3])
    })

    it('returns the result of nextId for the count, with its key', () => {
      const ids = idsWith({ nextId: (count) => ({ n: count }), idKey: (id) => (id as { n: number }).n })
      expect(ids.next()).to.deep.equal({ id: { n: 1 }, key: 1 })
    })

    it('skips the IDs of pending requests, and those that callers chose', () => {
      const { ids, reserved } = rig()
      reserved.set(1, true)
      ids.markUsed(3)
      expect(nextKeys({ ids, reserved }, 3)).to.deep.equal([2, 4, 5])
    })

    it('skips null and undefined', () => {
      const { ids, reserved } = rig({ nextId: (count) => (count === 1 ? null : count) })
      reserved.set('other', true)
      expect(ids.next().id).to.equal(2)
    })

    it('throws if nextId only returns IDs that are in use', () => {
      const { ids, reserved } = rig({ nextId: () => 'same' })
      reserved.set('same', true)
      expect(() => ids.next()).to.throw(TypeError, 'requests.nextId did not return an unused ID')
    })

    it('tries one more ID than are in use before it fails', () => {
      const { ids, reserved } = rig()
      for (const key of [1, 2, 3]) reserved.set(key, true)
      for (const key of [4, 5]) ids.markUsed(key)
      expect(ids.next().id).to.equal(6)
    })
  })

  describe('#markUsed', () => {
    it('drops the oldest of more than 1,000 IDs', () => {
      const ids = idsWith({ nextId: (count) => count - 1 })
      for (let key = 0; key < 1_000; key += 1) ids.markUsed(key)
      expect(ids.next().id).to.equal(1_000)
      const more = idsWith({ nextId: (count) => count - 1 })
      for (let key = 0; key <= 1_000; key += 1) more.markUsed(key)
      expect(more.next().id).to.equal(0)
      expect(more.next().id).to.equal(1_001)
    })
  })

  describe('#markUsedIdOf', () => {
    it('records the ID of a message', () => {
      const ids = idsWith({ idKey: String })
      ids.markUsedIdOf({ id: 1 })
      expect(ids.next().id).to.equal(2)
    })

    it('ignores a message that has no ID or cannot have one', () => {
      const ids = idsWith({ idKey: () => 1 })
      for (const message of [{}, { id: null }, 'text', undefined]) ids.markUsedIdOf(message)
      expect(ids.next().key).to.equal(1)
    })
  })

  describe('#write', () => {
    it('returns the message with the ID, and leaves the original unchanged', () => {
      const message = Object.freeze({ op: 'ping' })
      expect(idsWith({ id: 'req' }).write(message, 7)).to.deep.equal({ op: 'ping', req: 7 })
    })
  })

  describe('#assignId', () => {
    it('adds the next ID to a message that has none', () => {
      const ids = idsWith()
      expect(ids.assignId({ op: 'a' })).to.deep.equal({ op: 'a', id: 1 })
      expect(ids.assignId({ op: 'b', id: null })).to.deep.equal({ op: 'b', id: 2 })
    })

    it('returns a message unchanged if it has an ID or cannot have one', () => {
      const ids = idsWith()
      for (const message of [{ id: 'own' }, { id: 0 }, 'text', undefined]) {
        expect(ids.assignId(message)).to.equal(message)
      }
      expect(ids.next().id).to.equal(1)
    })
  })
})
