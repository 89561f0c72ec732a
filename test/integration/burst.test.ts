import { expect } from 'chai'
import { bootstrap, OnClose, OnMessage } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { turn } from '../support/eventually.js'
import { heapInUse } from '../support/heap.js'
import { watchedConnect } from '../support/watched-transport.js'
import type { Sight } from '../support/watched-transport.js'
import { BOTH_WAYS } from '../ws/ws-scene.js'

const COUNT = 20_000
const MiB = 2 ** 20

interface Numbered {
  readonly number: number
  readonly padding: string
}

describe('A burst of 20,000 messages with a slow handler', function () {
  this.timeout(120_000)
  const use = disposal()

  for (const { way, transport } of BOTH_WAYS)
    it(`pauses the socket, is handled in order with flat memory, and has been handled before @OnClose, ${way}`, async () => {
      const sight: Sight = { received: 0, pauses: 0, resumes: 0 }
      const numbers: number[] = []
      const padding = 'x'.repeat(2_000)
      let baseline = 0
      let mostGrowth = 0
      let mostPending = 0
      let handledAtClose = -1
      class Slow {
        @OnMessage()
        async message({ number }: Numbered): Promise<void> {
          mostPending = Math.max(mostPending, sight.received - numbers.length)
          for (let turns = 0; turns < 3; turns += 1) await turn()
          numbers.push(number)
          if (number % 2_500 === 0) mostGrowth = Math.max(mostGrowth, heapInUse() - baseline)
        }

        @OnClose()
        closed(): void {
          handledAtClose = numbers.length
        }
      }
      const server = use(
        await startTestServer(({ socket }) => {
          for (let number = 1; number <= COUNT; number += 1) socket.send(JSON.stringify({ number, padding }))
          socket.close(1000, 'that was all')
          baseline = heapInUse()
        }),
      )
      // The burst must arrive before the closing handshake times out. The server allows 30 s.
      const options = {
        logger: false,
        reconnect: false,
        transport: watchedConnect(sight, transport),
        drainTimeout: 60_000,
      } as const
      const client = use(await bootstrap(Slow, server.url, options))
      const close = await client.closed
      expect(close).to.include({ code: 1000, reason: 'that was all', initiator: 'remote' })
      expect(numbers).to.deep.equal(Array.from({ length: COUNT }, (_, index) => index + 1))
      expect(handledAtClose).to.equal(COUNT)
      expect(sight.pauses).to.be.greaterThan(0)
      expect(sight.resumes).to.be.at.least(sight.pauses - 1)
      // The mark, plus one read of 64 KiB.
      expect(mostPending).to.be.lessThan(1_024 + 64)
      expect(mostGrowth).to.be.lessThan(16 * MiB)
    })
})
