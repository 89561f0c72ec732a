import { expect } from 'chai'
import { MessageDroppedError } from 'holdfast'
import { causeAndSettle, settle } from '../support/lifecycle/driven-events.js'
import { DrivenWorld } from '../support/lifecycle/driven-world.js'
import { on } from '../support/lifecycle/scene.js'
import { ready } from '../support/rig.js'

/** An open connection, and its reports. */
async function open(): Promise<{ world: DrivenWorld; reports: Error[] }> {
  const reports: Error[] = []
  const world = new DrivenWorld(false, { inside: () => undefined, onReport: (error) => reports.push(error) })
  world.start()
  await settle()
  await causeAndSettle(world, on.attemptOpened(1))
  await causeAndSettle(world, on.onOpenResolved(1))
  return { world, reports }
}

describe('EndingEffects', () => {
  it("sends end()'s final message to a peer that is still connected", async () => {
    const { world } = await open()
    await causeAndSettle(world, on.end())
    await causeAndSettle(world, on.onClosingSettled(1))
    expect(world.transports.get(1)?.sent.at(-1)).to.equal('"the last words"')
  })

  it('does not send the final message to a peer that has started to close, and reports it', async () => {
    const { world, reports } = await open()
    await causeAndSettle(world, on.end())
    const transport = world.transports.get(1)
    if (transport) transport.isOpen = false
    await causeAndSettle(world, on.onClosingSettled(1))
    expect(transport?.sent).to.not.include('"the last words"')
    await causeAndSettle(world, on.linkClosedByPeer(1))
    await causeAndSettle(world, on.drained(1))
    await causeAndSettle(world, on.onCloseSettled(1))
    expect(await world.connection.closed).to.include({ code: 1001 })
    expect(reports.map(String)).to.deep.equal([String(new MessageDroppedError('gone', ['the last words']))])
  })

  it('makes close() return how the last current link ended, even if the deadline passes before its socket ends', async () => {
    const { world } = await open()
    await causeAndSettle(world, on.close())
    await causeAndSettle(world, on.drained(1))
    await causeAndSettle(world, on.onClosingSettled(1))
    await causeAndSettle(world, on.timerFired('end'))
    expect(await world.connection.closed).to.include({ connectionNumber: 1, initiator: 'local' })
  })

  it('reports what actually follows if shouldReconnect has started a handover and returns false', async () => {
    const { client, clock, server, witness } = await ready({
      reconnect: {
        shouldReconnect: () => {
          client.connection.reconnect({ overlap: true })
          return false
        },
      },
    })
    server.peer.drop(new Error('reset'))
    await clock.settle()
    expect(witness.notes).to.deep.equal(['open 1', 'error close', 'open 2', 'close 1'])
    expect(witness.closes[0]?.willReconnect).to.be.true
    expect(client.connection.state.status).to.equal('open')
    await client.close()
  })
})
