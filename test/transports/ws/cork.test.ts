import { expect } from 'chai'
import { Cork } from '#src/transports/ws/cork.js'
import type { FrameBuffer } from '#src/transports/ws/cork.js'

/** A socket that only notes when it is corked, and somebody who keeps bytes for it. */
function rig() {
  const events: string[] = []
  const keeper = { pending: 0, flush: () => void events.push('flush') } satisfies FrameBuffer
  const socket = {
    writableLength: 0,
    errored: null as Error | null,
    cork: () => void events.push('cork'),
    uncork: () => void events.push('uncork'),
  }
  return { cork: new Cork(socket), socket, events, keeper, keeping: new Cork(socket, keeper) }
}

function tick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

describe('Cork', () => {
  describe('#hold', () => {
    it('corks the socket once, until the turn ends', async () => {
      const { cork, events } = rig()
      cork.hold()
      cork.hold()
      expect(events).to.deep.equal(['cork'])
      await tick()
      expect(events).to.deep.equal(['cork', 'uncork'])
      await tick()
      expect(events).to.deep.equal(['cork', 'uncork'])
    })

    it('holds through a loop that awaits what has settled already', async () => {
      const { cork, events } = rig()
      await Promise.resolve()
      for (let count = 0; count < 100; count += 1) {
        cork.hold()
        await Promise.resolve()
      }
      expect(events).to.deep.equal(['cork'])
      await tick()
      expect(events).to.deep.equal(['cork', 'uncork'])
    })

    it('corks anew in a later turn', async () => {
      const { cork, events } = rig()
      cork.hold()
      await tick()
      cork.hold()
      await tick()
      expect(events).to.deep.equal(['cork', 'uncork', 'cork', 'uncork'])
    })
  })

  describe('#release', () => {
    it('uncorks at once, and once', async () => {
      const { cork, events } = rig()
      cork.hold()
      cork.release()
      cork.release()
      expect(events).to.deep.equal(['cork', 'uncork'])
      await tick()
      expect(events).to.deep.equal(['cork', 'uncork'])
    })

    it('has what is kept handed over before it uncorks', () => {
      const { keeping, events } = rig()
      keeping.hold()
      keeping.release()
      expect(events).to.deep.equal(['cork', 'flush', 'uncork'])
    })

    it('does nothing where nothing is held', () => {
      const { cork, events } = rig()
      cork.release()
      expect(events).to.deep.equal([])
    })

    it('leaves nothing corked, whatever is held after it in the same turn', async () => {
      const { cork, events } = rig()
      cork.hold()
      cork.release()
      cork.hold()
      await tick()
      await tick()
      expect(events).to.deep.equal(['cork', 'uncork', 'cork', 'uncork'])
    })
  })

  describe('#failedBytes', () => {
    it('counts what failed to be written at once, and which the socket has dropped', () => {
      const { cork, socket } = rig()
      socket.writableLength = 100
      socket.uncork = () => {
        socket.writableLength = 0
        socket.errored = new Error('EPIPE')
      }
      cork.hold()
      cork.release()
      expect(cork.failedBytes).to.equal(100)
    })

    it('counts what was kept, too', () => {
      const { keeping, keeper, socket } = rig()
      socket.writableLength = 100
      keeper.pending = 20
      keeper.flush = () => {
        keeper.pending = 0
      }
      socket.errored = new Error('EPIPE')
      keeping.hold()
      keeping.release()
      expect(keeping.failedBytes).to.equal(120)
    })

    it('is zero as long as nothing has failed', () => {
      const { cork, socket } = rig()
      socket.writableLength = 100
      cork.hold()
      cork.release()
      expect(cork.failedBytes).to.equal(0)
    })
  })
})
