import { expect } from 'chai'
import { FastReceive } from '#src/fast-paths/fast-receive.js'
import type { FastReceiveListener, ReadSocket } from '#src/fast-paths/fast-receive.js'
import { Feed } from '../support/fed-socket.js'
import { turns } from '../support/eventually.js'
import { heapInUse } from '../support/heap.js'
import { BINARY, PONG, TEXT, frame } from '../support/raw-server.js'

const TEXTS = Array.from({ length: 10 }, (_, index) => `message ${index + 1}`)

/** Returns the uncaught exceptions that are thrown while `work` runs. */
async function uncaughtWhile(work: () => Promise<unknown>): Promise<unknown[]> {
  const uncaught: unknown[] = []
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => uncaught.push(error))
  try {
    await work()
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const each of others) process.on('uncaughtException', each)
  }
  return uncaught
}

describe('The FastReceive listener', () => {
  afterEach(() => Feed.destroyAll())

  it('still receives the next message after it throws, and the error becomes an uncaught exception', async () => {
    const bytes = Buffer.concat(TEXTS.map((text) => frame(TEXT, text)))
    const errors = [new Error('the first'), new Error('the second')]
    const onMessage = (_feed: Feed, number: number): void => {
      const error = errors[number - 2]
      if (error) throw error
    }
    const feed = await Feed.open(true, { onMessage })
    // The last message is split, so the next chunk does not start with a frame.
    const chunks = [bytes.subarray(0, -5), bytes.subarray(-5), frame(TEXT, 'next')]
    const uncaught = await uncaughtWhile(() => feed.read(chunks))
    expect(uncaught).to.deep.equal(errors)
    expect(feed.events).to.deep.equal([...TEXTS, 'next'])
  })

  it('still receives what follows a pong if it throws for that pong', async () => {
    const error = new Error('for a pong')
    const told: string[] = []
    const listener: FastReceiveListener = {
      onMessage: (text) => told.push(text as string),
      onPong: () => {
        throw error
      },
    }
    const port = {
      isOpen: true,
      beforeForward: () => undefined,
      onSocketError: () => undefined,
    }
    const socket: ReadSocket = { emit: () => true, isPaused: () => false, unshift: () => undefined }
    new FastReceive(socket, { maxPayload: 0, validateUtf8: true }, listener, port)
    const uncaught = await uncaughtWhile(async () => {
      socket.emit('data', Buffer.concat([frame(PONG), frame(TEXT, 'after')]))
      await turns(1)
    })
    expect(uncaught).to.deep.equal([error])
    expect(told).to.deep.equal(['after'])
  })

  it('can skip messages that start with the head, and receives the wanted ones and all others', () => {
    const told: unknown[] = []
    const listener: FastReceiveListener = {
      skippedHead: Buffer.from('{"e":"'),
      skip: (text, from, keyEnd, to) => {
        const key = text.slice(from + 6, keyEnd)
        told.push([key, text.slice(from, to)])
        return key === 'no'
      },
      onMessage: (data) => told.push(data),
      onPong: () => undefined,
    }
    const socket: ReadSocket = { emit: () => true, isPaused: () => false, unshift: () => undefined }
    const port = { isOpen: true, beforeForward: () => undefined, onSocketError: () => undefined }
    new FastReceive(socket, { maxPayload: 0, validateUtf8: true }, listener, port)
    const long = `{"e":"no","a":"${'x'.repeat(200)}"}`
    const texts = ['{"e":"no"}', '{"e":"yes"}', '{"e":5}', '{"e":"no","a":1}', long]
    socket.emit('data', Buffer.concat(texts.map((text) => frame(TEXT, text))))
    expect(told).to.deep.equal([
      ['no', '{"e":"no"}'],
      ['yes', '{"e":"yes"}'],
      '{"e":"yes"}',
      '{"e":5}',
      ['no', '{"e":"no","a":1}'],
      ['no', long],
    ])
  })

  it('cannot skip data that might not be valid UTF-8', () => {
    const told: unknown[] = []
    const listener: FastReceiveListener = {
      skippedHead: Buffer.from('{"e":"'),
      skip: () => true,
      onMessage: (data) => told.push(data),
      onPong: () => undefined,
    }
    const socket: ReadSocket = { emit: () => true, isPaused: () => false, unshift: () => undefined }
    const port = { isOpen: true, beforeForward: () => undefined, onSocketError: () => undefined }
    new FastReceive(socket, { maxPayload: 0, validateUtf8: true }, listener, port)
    socket.emit('data', frame(TEXT, '{"e":"no","a":"ö"}'))
    expect(told).to.deep.equal(['{"e":"no","a":"ö"}'])
  })

  it("receives a long message in the message's own memory, into which the rest was read", () => {
    const told: (string | Uint8Array)[] = []
    const socket: ReadSocket = { emit: () => true, isPaused: () => false, unshift: () => undefined }
    const port = { isOpen: true, beforeForward: () => undefined, onSocketError: () => undefined }
    const listener = { onMessage: (data: string | Uint8Array) => told.push(data), onPong: () => undefined }
    const fast = new FastReceive(socket, { maxPayload: 0, validateUtf8: true }, listener, port)
    for (const opcode of [TEXT, BINARY]) {
      const bytes = frame(opcode, Buffer.alloc(200_000, 'abc'))
      let memory = fast.readShared(bytes.subarray(0, 1_000))
      for (const [from, to] of [
        [1_000, 60_000],
        [60_000, 150_000],
      ] as const) {
        expect(memory).to.have.lengthOf(bytes.length - from)
        bytes.copy(memory!, 0, from, to)
        memory = fast.readShared(memory!.subarray(0, to - from))
      }
      // The missing part is smaller than a read of the shared buffer.
      expect(memory).to.equal(undefined)
      expect(fast.readShared(bytes.subarray(150_000))).to.equal(undefined)
    }
    const text = 'abc'.repeat(66_667).slice(0, 200_000)
    expect(told).to.deep.equal([text, Buffer.from(text)])
  })

  it('keeps at most 8 KiB of neighboring messages in memory', () => {
    const kept: string[] = []
    const socket: ReadSocket = { emit: () => true, isPaused: () => false, unshift: () => undefined }
    const listener: FastReceiveListener = {
      onMessage: (text) => {
        if ((text as string).startsWith('keep')) kept.push(text as string)
      },
      onPong: () => undefined,
    }
    const port = {
      isOpen: true,
      beforeForward: () => undefined,
      onSocketError: () => undefined,
    }
    new FastReceive(socket, { maxPayload: 0, validateUtf8: true }, listener, port)
    const around = Array.from({ length: 250 }, () => frame(TEXT, 'x'.repeat(118)))
    const before = heapInUse()
    for (let count = 0; count < 500; count += 1) {
      const chunk = Buffer.concat([...around, frame(TEXT, `keep ${count}`.padEnd(118)), ...around])
      socket.emit('data', chunk)
    }
    const grown = heapInUse() - before
    expect(kept).to.have.lengthOf(500)
    expect(grown / 500).to.be.lessThan(10_000)
  })
})
