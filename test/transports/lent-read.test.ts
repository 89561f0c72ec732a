import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import { LENT_READ, READER } from '#src/transports/lent-read.js'
import type { LendingSocket } from '#src/transports/lent-read.js'
import { eventually, turns } from '../support/eventually.js'

/** Two ends of a connection; the first lends what it reads. */
async function pair(): Promise<{ lending: LendingSocket & Socket; other: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const lending = connect({ port, host: '127.0.0.1', onread: LENT_READ })
  const [other] = (await once(server, 'connection')) as [Socket]
  server.close()
  return { lending, other }
}

describe('LENT_READ', () => {
  it('hands what is read to the reader, in one buffer, and to the stream what is read before there is one', async () => {
    const { lending, other } = await pair()
    const streamed: Buffer[] = []
    const lent: Buffer[] = []
    lending.on('data', (bytes: Buffer) => streamed.push(bytes))
    other.write('first')
    await eventually('the first has come', () => streamed.length > 0)
    lending[READER] = { readLent: (bytes) => lent.push(bytes) }
    for (const [index, text] of ['second', 'third'].entries()) {
      other.write(text)
      await eventually('it has come', () => lent.length > index)
      expect(lent.at(-1)?.toString()).to.equal(text)
    }
    expect(streamed.map(String)).to.deep.equal(['first'])
    expect(lent[0]?.buffer).to.equal(lent[1]?.buffer)
    lending.destroy()
  })

  it('reads nothing more once the reader pauses, and goes on when it is resumed', async () => {
    const { lending, other } = await pair()
    let received = 0
    lending[READER] = {
      readLent(bytes) {
        received += bytes.length
        lending.pause()
      },
    }
    lending.resume()
    const sent = 8 * 1024 * 1024
    other.write(new Uint8Array(sent))
    await eventually('the first has come', () => received > 0)
    const first = received
    await turns(20)
    expect(lending.bytesRead).to.equal(first)
    expect(first).to.be.at.most(64 * 1024)
    lending[READER] = { readLent: (bytes) => (received += bytes.length) }
    lending.resume()
    await eventually('all has come', () => received === sent)
    lending.destroy()
  })
})
