import { expect } from 'chai'
import { FrameWriter } from '#src/fast-paths/frame-writer.js'
import type { WriterSocket, WsFramer } from '#src/fast-paths/frame-writer.js'

const BYTES = new Uint8Array(3)

/** A writer on a socket and a `ws` that only record the calls they receive. */
function rig(framesMessages = false) {
  const events: string[] = []
  const socket = {
    writableLength: 0,
    errored: null as Error | null,
    cork: () => void events.push('cork'),
    uncork: () => void events.push('uncork'),
    write: (bytes: Buffer, done?: () => void): boolean => {
      events.push(`write ${bytes.length}`)
      done?.()
      return true
    },
  }
  const ws: WsFramer = {
    get bufferedAmount() {
      return socket.writableLength
    },
    send: (data, _options, flushed) => {
      events.push(`ws ${data.length}`)
      flushed?.()
    },
  }
  return { writer: new FrameWriter(socket as unknown as WriterSocket, ws, framesMessages), socket, events }
}

function tick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

describe('FrameWriter', () => {
  describe('#send', () => {
    it('corks the socket once until the turn ends', async () => {
      const { writer, events } = rig()
      writer.send('one')
      writer.send(BYTES)
      expect(events).to.deep.equal(['cork', 'ws 3', 'ws 3'])
      await tick()
      expect(events).to.deep.equal(['cork', 'ws 3', 'ws 3', 'uncork'])
      await tick()
      expect(events).to.have.lengthOf(4)
    })

    it('keeps the socket corked while a loop awaits promises that have already settled', async () => {
      const { writer, events } = rig()
      await Promise.resolve()
      for (let count = 0; count < 100; count += 1) {
        writer.send(BYTES)
        await Promise.resolve()
      }
      expect(events).to.deep.equal(['cork', ...Array.from({ length: 100 }, () => 'ws 3')])
      await tick()
      expect(events.at(-1)).to.equal('uncork')
    })

    it('corks again in a later turn', async () => {
      const { writer, events } = rig()
      writer.send(BYTES)
      await tick()
      writer.send(BYTES)
      await tick()
      expect(events).to.deep.equal(['cork', 'ws 3', 'uncork', 'cork', 'ws 3', 'uncork'])
    })

    it('writes short messages as one chunk, and long messages in order with them', async () => {
      const { writer, events } = rig(true)
      for (const data of ['one', 'two', BYTES, 'x'.repeat(5_000), 'three']) writer.send(data)
      await tick()
      expect(events).to.deep.equal(['cork', 'write 27', 'write 5008', 'write 11', 'uncork'])
    })

    it('writes immediately if a callback is given, and calls it', () => {
      for (const framesMessages of [false, true]) {
        const { writer, events } = rig(framesMessages)
        writer.send('one', () => events.push('flushed'))
        expect(events).to.deep.equal(['cork', framesMessages ? 'write 9' : 'ws 3', 'flushed', 'uncork'])
      }
    })
  })

  describe('#flush', () => {
    it('passes its frames to the socket, and keeps the socket corked', async () => {
      const { writer, events } = rig(true)
      writer.send('one')
      writer.flush()
      writer.flush()
      expect(events).to.deep.equal(['cork', 'write 9'])
      await tick()
      expect(events).to.deep.equal(['cork', 'write 9', 'uncork'])
    })
  })

  describe('#release', () => {
    it('uncorks the socket once, immediately', async () => {
      const { writer, events } = rig()
      writer.send(BYTES)
      writer.release()
      writer.release()
      expect(events).to.deep.equal(['cork', 'ws 3', 'uncork'])
      await tick()
      expect(events).to.have.lengthOf(3)
    })

    it('passes its frames to the socket before it uncorks the socket', () => {
      const { writer, events } = rig(true)
      writer.send('one')
      writer.release()
      expect(events).to.deep.equal(['cork', 'write 9', 'uncork'])
    })

    it('does nothing if the socket is not corked', () => {
      const { writer, events } = rig()
      writer.release()
      expect(events).to.deep.equal([])
    })

    it('does not leave the socket corked, whatever is sent later in the same turn', async () => {
      const { writer, events } = rig()
      writer.send(BYTES)
      writer.release()
      writer.send(BYTES)
      await tick()
      await tick()
      expect(events).to.deep.equal(['cork', 'ws 3', 'uncork', 'cork', 'ws 3', 'uncork'])
    })
  })

  describe('#bufferedAmount', () => {
    it('counts what ws and the writer itself have buffered', () => {
      const { writer, socket } = rig(true)
      socket.writableLength = 100
      writer.send('one')
      expect(writer.bufferedAmount).to.equal(109)
    })

    it('still counts bytes that failed to be written, although the socket has dropped them', () => {
      for (const framesMessages of [false, true]) {
        const { writer, socket } = rig(framesMessages)
        socket.writableLength = 100
        socket.uncork = () => {
          socket.writableLength = 0
          socket.errored = new Error('EPIPE')
        }
        writer.send('one')
        writer.release()
        expect(writer.bufferedAmount).to.equal(framesMessages ? 109 : 100)
      }
    })

    it('does not count bytes that have been written', () => {
      const { writer, socket } = rig()
      socket.writableLength = 100
      socket.uncork = () => {
        socket.writableLength = 0
      }
      writer.send(BYTES)
      writer.release()
      expect(writer.bufferedAmount).to.equal(0)
    })
  })
})
