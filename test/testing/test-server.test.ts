import { expect } from 'chai'
import { once } from 'node:events'
import { startTestServer } from 'holdfast/testing'
import type { TestServer, SocketPeer } from 'holdfast/testing'
import { WebSocket } from 'ws'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { rejection } from '../support/rejection.js'

describe('TestServer', function () {
  this.timeout(30_000)
  const use = disposal()

  /** Opens a socket that keeps its messages from the first moment. */
  function open(server: TestServer): { socket: WebSocket; messages: string[] } {
    const messages: string[] = []
    const socket = new WebSocket(server.url)
    socket.on('message', (data: Buffer) => messages.push(data.toString()))
    return { socket, messages }
  }

  it('listens only on a free local port', async () => {
    const first = use(await startTestServer())
    const second = use(await startTestServer())
    expect(first.url).to.match(/^ws:\/\/127\.0\.0\.1:\d+$/)
    expect(second.url).to.not.equal(first.url)
  })

  it('calls onConnection in the tick in which a connection opens', async () => {
    const server = use(await startTestServer(({ socket }) => socket.send('hello')))
    const { messages } = open(server)
    await eventually('the greeting has arrived', () => messages.length > 0)
    expect(messages).to.deep.equal(['hello'])
  })

  it('keeps the request and every message from the first moment', async () => {
    const server = use(await startTestServer())
    const { socket } = open(server)
    socket.on('open', () => {
      socket.send('text')
      socket.send(Buffer.from([1, 2]))
    })
    const connection = await server.connection(1)
    await eventually('both messages have arrived', () => connection.received.length === 2)
    expect(connection.received[0]).to.equal('text')
    expect([...(connection.received[1] as Uint8Array)]).to.deep.equal([1, 2])
    expect(connection.request.headers.upgrade).to.equal('websocket')
  })

  describe('#connection', () => {
    it('waits for the nth connection, and returns one that already exists', async () => {
      const server = use(await startTestServer())
      const second = server.connection(2)
      open(server)
      open(server)
      expect(await second).to.equal(server.connections[1])
      expect(await server.connection(1)).to.equal(server.connections[0])
    })
  })

  it('passes its options to the WebSocketServer', async () => {
    const server = use(await startTestServer(undefined, { handleProtocols: () => 'v1' }))
    const socket = new WebSocket(server.url, ['v2', 'v1'])
    await once(socket, 'open')
    expect(socket.protocol).to.equal('v1')
  })

  it('survives a client that violates the protocol', async () => {
    const server = use(await startTestServer())
    const { socket } = open(server)
    await once(socket, 'open')
    const { socket: far } = await server.connection(1)
    // A frame without a mask.
    ;(socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(
      Buffer.from([0x81, 0]),
    )
    await eventually('the server has terminated it', () => far.readyState === WebSocket.CLOSED)
    expect(server.connections).to.have.lengthOf(1)
  })

  it('fails a wait for a connection once it is closed, and one for connection 0', async () => {
    const server = use(await startTestServer())
    const text =
      'Stopped waiting for connection 1: the server is closed. Attempts so far: 0, of which 0 opened'
    const pending = rejection(server.connection(1))
    expect(await rejection(server.connection(0)))
      .to.have.property('message')
      .that.contains('connections are numbered from 1')
    await server.close()
    expect(await pending).to.have.property('message', text)
    expect(await rejection(server.connection(1))).to.have.property('message', text)
  })

  it('sends a close frame without a code for 1005, as a recording can contain it', async () => {
    const closeWithoutCode = (peer: SocketPeer): void => {
      peer.accept()
      peer.close(1005)
    }
    const server = use(await startTestServer(undefined, { script: [closeWithoutCode] }))
    const [code] = (await once(open(server).socket, 'close')) as [number]
    expect(code).to.equal(1005)
  })

  it('decides about an attempt only once, like the server in memory', async () => {
    const acceptTwice = (peer: SocketPeer): void => {
      peer.accept()
      peer.accept()
    }
    const refuseLate = (peer: SocketPeer): void => {
      peer.accept()
      peer.refuse(503)
    }
    const acceptLate = (peer: SocketPeer): void => {
      peer.refuse(503, { headers: { 'Content-Length': '2' }, body: 'no' })
      peer.accept()
    }
    const server = use(await startTestServer(undefined, { script: [acceptTwice, refuseLate, acceptLate] }))
    await once(open(server).socket, 'open')
    expect(await once(open(server).socket, 'close')).to.have.property('0', 1006)
    const [error] = (await once(open(server).socket, 'error')) as [Error]
    expect(error.message).to.equal('Unexpected server response: 503')
    expect(server.connections).to.have.length(2)
  })

  describe('#close', () => {
    it('terminates all connections and stops listening', async () => {
      const server = await startTestServer()
      const { socket } = open(server)
      await once(socket, 'open')
      await server.connection(1)
      const closed = once(socket, 'close') as Promise<[number]>
      await server.close()
      expect((await closed)[0]).to.equal(1006)
      const late = new WebSocket(server.url)
      const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
      expect(error.code).to.equal('ECONNREFUSED')
    })

    it('is called by disposal', async () => {
      const accepted: SocketPeer[] = []
      const server = await startTestServer((connection) => accepted.push(connection))
      const { socket } = open(server)
      await once(socket, 'open')
      await server.connection(1)
      const closed = once(socket, 'close')
      await server[Symbol.asyncDispose]()
      await closed
      expect(accepted).to.deep.equal(server.connections)
    })
  })
})
