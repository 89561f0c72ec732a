import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import type { MemoryPeer } from 'holdfast/testing'
import { ready } from '../support/rig.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapUsed(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('A client that runs for months', () => {
  it('uses no more memory after 19,000 reconnects than after 14,000 (B22)', async function () {
    this.timeout(60_000)
    const { clock, server, witness } = await ready({ reconnect: { delays: [1], initialDelay: 0 } })
    const reconnect = async (times: number): Promise<void> => {
      for (let round = 0; round < times; round += 1) {
        server.peer.send(round)
        server.peer.drop(round % 2 ? new Error('reset') : undefined)
        await clock.advance(1)
        server.peers.splice(0, server.peers.length, server.peers.at(-1) as MemoryPeer)
        for (const list of [
          witness.notes,
          witness.opens,
          witness.closes,
          witness.errors,
          witness.states,
          witness.messages,
        ]) {
          list.length = 0
        }
      }
    }
    // Until then, the engine still compiles code and collects profiles, most of all on Node 22.
    await reconnect(14_000)
    const before = heapUsed()
    await reconnect(5_000)
    const grown = heapUsed() - before
    expect(grown, `${grown} bytes more`).to.be.lessThan(250_000)
  })
})
