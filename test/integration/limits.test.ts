import { expect } from 'chai'
import { bootstrap, ProtocolViolationError } from 'holdfast'
import type { ClientOptions } from 'holdfast'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { heapInUse } from '../support/heap.js'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  TEXT,
  closePayload,
  frame,
  longHeader,
  startRawServer,
  upgradeAnswer,
} from '../support/raw-server.js'
import { watched } from '../support/watched.js'
import { describeBothWays } from '../ws/ws-scene.js'

const MiB = 2 ** 20

describeBothWays('A peer that exceeds a limit', function (transport) {
  this.timeout(60_000)
  const use = disposal()

  /** Sends the chunks to a client, which must then close the connection. Returns the growth of the heap in bytes. */
  async function untilCutOff(
    sentCode: number,
    chunks: () => Iterable<Uint8Array>,
    options: ClientOptions = {},
  ): Promise<number> {
    const { Watched, log } = watched()
    const server = use(
      await startRawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request))
        for (const chunk of chunks()) socket.write(chunk)
      }),
    )
    const before = heapInUse()
    const given = { logger: false, transport, reconnect: false, closeTimeout: 1_000, ...options } as const
    const client = use(await bootstrap(Watched, server.url, given))
    const connection = server.connections[0]
    await eventually(
      'the server has received the close frame',
      () => connection?.frames().at(-1)?.opcode === CLOSE,
    )
    const grown = heapInUse() - before
    connection?.socket.end()
    const close = await client.closed
    expect(close).to.include({ code: 1006, sentCode, initiator: 'local', willReconnect: false })
    expect(connection?.frames().at(-1)?.payload.subarray(0, 2)).to.deep.equal(closePayload(sentCode))
    expect(log.messages).to.deep.equal([])
    expect(log.errors).to.have.lengthOf(1)
    expect(log.errors[0]?.error).to.be.instanceOf(ProtocolViolationError)
    expect(log.errors[0]?.error).to.include({ sentCode })
    expect(log.closes).to.deep.equal([close])
    return grown
  }

  it('receives 1008 after 1,000,000 empty fragments, while memory stays flat (B36)', async () => {
    const grown = await untilCutOff(1008, function* () {
      yield frame(TEXT, '', false)
      const thousand = Buffer.concat(Array.from({ length: 1_000 }, () => frame(CONTINUATION, '', false)))
      for (let count = 0; count < 1_000; count += 1) yield thousand
    })
    expect(grown).to.be.lessThan(16 * MiB)
  })

  it('receives 1009 after fragments that exceed maxPayload in total, while memory stays flat (B36)', async () => {
    const grown = await untilCutOff(
      1009,
      function* () {
        yield frame(TEXT, '', false)
        const fragment = frame(CONTINUATION, 'x'.repeat(1_000), false)
        for (let count = 0; count < 10_000; count += 1) yield fragment
      },
      { maxPayload: MiB },
    )
    expect(grown).to.be.lessThan(16 * MiB)
  })

  it('is subject to the default limits if an option is undefined (B42)', async () => {
    const limits = { maxPayload: undefined, maxFragments: undefined, closeTimeout: undefined }
    await untilCutOff(1009, () => [longHeader(BINARY, 32 * MiB + 1)], limits)
    await untilCutOff(
      1008,
      function* () {
        yield frame(TEXT, '', false)
        for (let count = 0; count < 16_384; count += 1) yield frame(CONTINUATION, '', false)
      },
      limits,
    )
  })

  it('is not subject to a limit if an option is false', async () => {
    const { Watched, log } = watched()
    const server = use(
      await startRawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request))
        socket.write(frame(TEXT, '', false))
        socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => frame(CONTINUATION, '', false))))
        socket.write(frame(CONTINUATION, '"the end"'))
        socket.end(longHeader(BINARY, 2 ** 31))
      }),
    )
    const options = {
      logger: false,
      transport,
      reconnect: false,
      maxPayload: false,
      maxFragments: false,
    } as const
    const client = use(await bootstrap(Watched, server.url, options))
    expect(await client.closed).to.include({ code: 1006, initiator: 'network' })
    expect(log.messages).to.deep.equal(['the end'])
    // The only error is the end of the stream.
    expect(log.errors.map(({ error, stage }) => [error.name, stage])).to.deep.equal([
      ['ConnectionLostError', 'close'],
    ])
  })
})
