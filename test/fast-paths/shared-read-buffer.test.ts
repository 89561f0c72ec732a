import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import type { Transport } from 'holdfast'
import { SHARED_READ, kReader } from '#src/fast-paths/shared-read-buffer.js'
import type { SharedBufferSocket } from '#src/fast-paths/shared-read-buffer.js'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { eventually, turns } from '../support/eventually.js'
import { TEXT, frame, startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawConnection } from '../support/raw-server.js'

/** Two ends of a connection. The first one lends the bytes it has read. */
async function pair(): Promise<{ lending: SharedBufferSocket & Socket; other: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lending = connect({ port, host: '127.0.0.1', onread: SHARED_READ })
  const [other] = (await once(server, 'connection')) as [Socket]
  server.close()
  return { lending, other }
}

describe('SHARED_READ', () => {
  it('passes data to the reader in one shared buffer, and earlier data to the stream', async () => {
    const { lending, other } = await pair()
    const streamed: Buffer[] = []
    const lent: Buffer[] = []
    lending.on('data', (bytes: Buffer) => streamed.push(bytes))
    other.write('first')
    await eventually('the first message has arrived', () => streamed.length > 0)
    lending[kReader] = { readShared: (bytes) => void lent.push(bytes) }
    for (const [index, text] of ['second', 'third'].entries()) {
      other.write(text)
      await eventually('the data has arrived', () => lent.length > index)
      expect(lent.at(-1)?.toString()).to.equal(text)
    }
    expect(streamed.map(String)).to.deep.equal(['first'])
    expect(lent[0]?.buffer).to.equal(lent[1]?.buffer)
    lending.destroy()
  })

  it("reads into the reader's own memory if the reader provides it, and only once", async () => {
    const { lending, other } = await pair()
    const own = Buffer.alloc(10)
    const lent: string[] = []
    const into: ArrayBufferLike[] = []
    lending[kReader] = {
      readShared(bytes) {
        lent.push(bytes.toString())
        into.push(bytes.buffer)
        return lent.length === 1 ? own : undefined
      },
    }
    lending.resume()
    for (const [index, text] of ['first', 'second', 'third'].entries()) {
      other.write(text)
      await eventually('the data has arrived', () => lent.length > index)
      // The buffer that Node would now receive for another socket.
      expect(SHARED_READ.buffer().buffer).to.not.equal(own.buffer)
    }
    expect(lent).to.deep.equal(['first', 'second', 'third'])
    expect(into.map((buffer) => buffer === own.buffer)).to.deep.equal([false, true, false])
    expect(own.toString('latin1')).to.equal('second\0\0\0\0')
    lending.destroy()
  })

  it('reads nothing more once the reader pauses, and continues when it resumes', async () => {
    const { lending, other } = await pair()
    let received = 0
    lending[kReader] = {
      readShared(bytes) {
        received += bytes.length
        lending.pause()
        return undefined
      },
    }
    lending.resume()
    const sent = 8 * 1024 * 1024
    other.write(new Uint8Array(sent))
    await eventually('the first message has arrived', () => received > 0)
    const first = received
    await turns(20)
    expect(lending.bytesRead).to.equal(first)
    expect(first).to.be.at.most(64 * 1024)
    lending[kReader] = { readShared: (bytes) => void (received += bytes.length) }
    lending.resume()
    await eventually('everything has arrived', () => received === sent)
    lending.destroy()
  })
})

/** Returns the socket of the first request that is made while `work` runs. */
async function socketUnder(work: () => void): Promise<Socket> {
  let request: ClientRequest | undefined
  const started = (message: unknown): void => {
    request = (message as { request: ClientRequest }).request
  }
  subscribe('http.client.request.start', started)
  work()
  await eventually('there is a socket', () => request?.socket !== undefined && request.socket !== null)
  unsubscribe('http.client.request.start', started)
  return request!.socket!
}

describe('The default transport', () => {
  it('does not read its socket while it is paused, not even one chunk', async () => {
    let peer: RawConnection | undefined
    await using server = await startRawServer((connection) => {
      peer = connection
      connection.socket.write(upgradeAnswer(connection.request))
    })
    let messages = 0
    const nothing = (): undefined => undefined
    const request = {
      url: server.url,
      protocols: [],
      headers: {},
      maxPayload: 0,
      maxFragments: 0,
      closeTimeout: 1_000,
    }
    const listener = { onOpen: nothing, onPing: nothing, onPong: nothing, onClose: nothing }
    let transport: Transport | undefined
    const socket = await socketUnder(() => {
      transport = createWsTransport()(request, {
        ...listener,
        onMessage: () => {
          messages += 1
          transport?.pause()
        },
      })
    })
    await eventually('the client is open', () => transport?.isOpen === true)
    peer?.socket.write(frame(TEXT, 'first'))
    await eventually('it is paused', () => messages === 1)
    const read = socket.bytesRead
    peer?.socket.write(new Uint8Array(8 * 1024 * 1024))
    await turns(20)
    expect(socket.bytesRead).to.equal(read)
    transport?.terminate()
  })
})
