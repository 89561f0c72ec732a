import { expect } from 'chai'
import { Openings } from '#src/connection/openings.js'
import { NEVER_OPENED } from '#src/session/disconnect.js'

const HANDSHAKE = { protocol: 'v1', headers: { server: 'peer' } }

describe('Openings', () => {
  describe('#next', () => {
    it('returns the first connection', () => {
      expect(new Openings().next(3, HANDSHAKE, undefined, 0)).to.deep.equal({
        isReconnect: false,
        connectionNumber: 1,
        attempt: 3,
        replaces: undefined,
        downtime: 0,
        protocol: 'v1',
        headers: { server: 'peer' },
      })
    })

    it('returns a reconnect with its downtime after the first opening', () => {
      const openings = new Openings()
      openings.onOpen()
      const info = openings.next(2, HANDSHAKE, undefined, 700)
      expect(info).to.include({ isReconnect: true, connectionNumber: 2, downtime: 700 })
    })

    it('returns the number of the replaced link', () => {
      const openings = new Openings()
      openings.onOpen()
      expect(openings.next(1, HANDSHAKE, 1, 0)).to.include({ isReconnect: true, replaces: 1 })
    })

    it('does not count the opening', () => {
      const openings = new Openings()
      openings.next(1, HANDSHAKE, undefined, 0)
      expect(openings.count).to.equal(0)
      expect(openings.next(2, HANDSHAKE, undefined, 0).connectionNumber).to.equal(1)
    })
  })

  describe('#ready', () => {
    it('resolves with the first success, whether it is called before or after', async () => {
      const openings = new Openings()
      const before = openings.ready
      openings.onSuccess()
      await before
      await openings.ready
    })

    it('rejects if there will be no opening, whether it is called before or after that is known', async () => {
      const openings = new Openings()
      const error = new Error('refused')
      const before = openings.ready.catch((thrown: unknown) => thrown)
      openings.fail(error)
      expect(await before).to.equal(error)
      expect(await openings.ready.catch((thrown: unknown) => thrown)).to.equal(error)
    })

    it('stays resolved if a later link fails', async () => {
      const openings = new Openings()
      openings.onSuccess()
      openings.fail(new Error('later'))
      await openings.ready
    })
  })

  it('remembers how the last link ended', () => {
    const openings = new Openings()
    expect(openings.lastClose).to.equal(NEVER_OPENED)
    const close = { ...NEVER_OPENED, code: 1000, connectionNumber: 1 }
    openings.onClose(close)
    expect(openings.lastClose).to.equal(close)
  })
})
