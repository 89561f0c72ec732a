import { expect } from 'chai'
import fc from 'fast-check'
import { FakeClock } from 'holdfast/testing'
import { LateMessage } from '#src/codecs/late-message.js'
import { Outbox, OUTBOX_DEFAULTS } from '#src/messages/outbox.js'
import type { OutboxEntry, OutboxSettings } from '#src/messages/outbox.js'

const entry = (data: string): OutboxEntry => ({ data, message: data })
const texts = (entries: readonly OutboxEntry[]): unknown[] => entries.map(({ message }) => message)

function outbox(settings: Partial<OutboxSettings> = {}): { outbox: Outbox; clock: FakeClock } {
  const clock = new FakeClock()
  return { outbox: new Outbox({ ...OUTBOX_DEFAULTS, ...settings }, clock), clock }
}

describe('Outbox', () => {
  it('returns its messages in order, once', () => {
    const { outbox: box } = outbox()
    for (const text of ['a', 'b', 'c'])
      expect(box.push(entry(text))).to.deep.equal({ isAccepted: true, dropped: [] })
    expect(box).to.include({ size: 3, bytes: 3 })
    expect(texts(box.takeAll().fresh)).to.deep.equal(['a', 'b', 'c'])
    expect(box).to.include({ size: 0, bytes: 0 })
    expect(box.takeAll()).to.deep.equal({ fresh: [], expired: [] })
  })

  it('returns its messages one by one, and reports which are too old', async () => {
    const { outbox: box, clock } = outbox({ maxAge: 100 })
    box.push(entry('old'))
    await clock.advance(101)
    box.push(entry('new'))
    const taken = [box.takeFirst(), box.takeFirst()].map((each) => [each?.entry.message, each?.isExpired])
    expect(taken).to.deep.equal([
      ['old', true],
      ['new', false],
    ])
    expect(box.takeFirst()).to.equal(undefined)
    expect(box).to.include({ size: 0, bytes: 0 })
  })

  it('counts an uncreated message as 0 bytes, keeps it within the limit, and calls conflate with undefined', () => {
    const asked: unknown[] = []
    const { outbox: box } = outbox({ limit: 2, bytes: 1, conflate: (message) => void asked.push(message) })
    const make = (): string => 'x'.repeat(100)
    const late = { data: new LateMessage(make), message: make }
    expect([1, 2, 3].map(() => box.push(late).isAccepted)).to.deep.equal([true, true, false])
    expect(box).to.include({ size: 2, bytes: 0 })
    expect(asked).to.deep.equal([undefined, undefined, undefined])
    expect(box.takeFirst()?.entry.data).to.equal(late.data)
    expect(texts(box.takeAll().fresh)).to.deep.equal([make])
  })

  describe('when it is full', () => {
    it('rejects new messages with reject, and keeps the old ones', () => {
      const { outbox: box } = outbox({ limit: 2 })
      box.push(entry('a'))
      box.push(entry('b'))
      expect(box.push(entry('c'))).to.deep.equal({ isAccepted: false, dropped: [] })
      expect(texts(box.takeAll().fresh)).to.deep.equal(['a', 'b'])
    })

    it('drops as many of the oldest messages as necessary if overflow is drop-oldest', () => {
      const { outbox: box } = outbox({ bytes: 4, overflow: 'drop-oldest' })
      for (const text of ['a', 'b', 'cc']) box.push(entry(text))
      expect(texts(box.push(entry('ddd')).dropped)).to.deep.equal(['a', 'b', 'cc'])
      expect(texts(box.takeAll().fresh)).to.deep.equal(['ddd'])
    })

    it('drops the new message with drop-newest', () => {
      const { outbox: box } = outbox({ limit: 1, overflow: 'drop-newest' })
      box.push(entry('a'))
      const result = box.push(entry('b'))
      expect(result.isAccepted).to.equal(false)
      expect(texts(result.dropped)).to.deep.equal(['b'])
      expect(texts(box.takeAll().fresh)).to.deep.equal(['a'])
    })

    it('keeps all messages with drop-oldest if the new one could never fit', () => {
      const { outbox: box } = outbox({ bytes: 4, overflow: 'drop-oldest' })
      box.push(entry('a'))
      expect(texts(box.push(entry('12345')).dropped)).to.deep.equal(['12345'])
      expect(texts(box.takeAll().fresh)).to.deep.equal(['a'])
    })
  })

  it('keeps only the latest message per key, at the end', () => {
    const { outbox: box } = outbox({ limit: 2, conflate: (message) => (message as string)[0] })
    for (const text of ['a1', 'b1', 'a2']) expect(box.push(entry(text)).isAccepted).to.equal(true)
    expect(texts(box.takeAll().fresh)).to.deep.equal(['b1', 'a2'])
  })

  it('replaces a message with the same key even if it is full, and frees its space first', () => {
    const { outbox: box } = outbox({ bytes: 4, conflate: (message) => (message as string)[0] })
    for (const text of ['a1', 'b1']) box.push(entry(text))
    expect(box.push(entry('a2'))).to.deep.equal({ isAccepted: true, dropped: [] })
    expect(box.push(entry('a23')).isAccepted).to.equal(false)
    expect(texts(box.takeAll().fresh)).to.deep.equal(['b1', 'a2'])
  })

  it('forgets the key of messages that it dropped or returned', () => {
    const settings = { limit: 1, overflow: 'drop-oldest', conflate: (message: unknown) => message } as const
    const { outbox: box } = outbox(settings)
    for (const text of ['a', 'b', 'a']) box.push(entry(text))
    box.takeFirst()
    box.push(entry('a'))
    expect(texts(box.takeAll().fresh)).to.deep.equal(['a'])
    expect(box).to.include({ size: 0, bytes: 0 })
  })

  it('copies bytes so that the caller can reuse them, even in reports', () => {
    const { outbox: box } = outbox()
    const bytes = new Uint8Array([1, 2])
    const message = { bytes }
    box.push({ data: bytes, message: bytes })
    box.push({ data: bytes, message })
    bytes.fill(9)
    const [raw, encoded] = box.takeAll().fresh
    expect([raw?.data, raw?.message, encoded?.data].map((each) => [...(each as Uint8Array)])).to.deep.equal([
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(encoded?.message).to.equal(message)
  })

  it('conflates nothing if the key is undefined', () => {
    const { outbox: box } = outbox({ conflate: () => undefined })
    for (const text of ['a', 'a']) box.push(entry(text))
    expect(box.size).to.equal(2)
  })

  it('distinguishes expired messages from fresh ones', async () => {
    const { outbox: box, clock } = outbox({ maxAge: 100 })
    box.push(entry('old'))
    await clock.advance(50)
    box.push(entry('new'))
    await clock.advance(51)
    const { fresh, expired } = box.takeAll()
    expect([texts(fresh), texts(expired)]).to.deep.equal([['new'], ['old']])
  })

  it('loses nothing without a report and stays within its bounds, in any order of calls', () => {
    const overflow = fc.constantFrom('reject' as const, 'drop-oldest' as const, 'drop-newest' as const)
    const lengths = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 })
    fc.assert(
      fc.property(overflow, lengths, (policy, sizes) => {
        const { outbox: box } = outbox({ limit: 5, bytes: 20, overflow: policy })
        const kept: unknown[] = []
        for (const [index, size] of sizes.entries()) {
          const message = index
          const { isAccepted, dropped } = box.push({ data: 'x'.repeat(size), message })
          if (isAccepted) kept.push(message)
          for (const gone of dropped) if (gone.message !== message) kept.splice(kept.indexOf(gone.message), 1)
          expect(box.size).to.be.at.most(5)
          expect(box.bytes).to.be.at.most(20)
        }
        expect(texts(box.takeAll().fresh)).to.deep.equal(kept)
      }),
    )
  })
})
