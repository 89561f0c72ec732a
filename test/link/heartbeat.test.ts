import { expect } from 'chai'
import { Heartbeat } from 'holdfast'
import type { HeartbeatOption } from 'holdfast'
import type { HeartbeatReader, HeartbeatSettings, HeartbeatSource } from '#src/link/heartbeat.js'
import { OFF, PING } from '../support/heartbeat-settings.js'

describe('Heartbeat', () => {
  it('reads and controls its source', async () => {
    const read: [HeartbeatOption, HeartbeatSettings][] = []
    const configured: HeartbeatSettings[] = []
    // The constructor is internal and therefore not declared.
    const Constructor = Heartbeat as unknown as new (
      source: HeartbeatSource,
      read: HeartbeatReader,
    ) => Heartbeat
    const source: HeartbeatSource = {
      latency: 12,
      lastSeen: 345,
      ping: () => Promise.resolve(67),
      configure: (change) => void configured.push(change(PING)),
    }
    const heartbeat = new Constructor(source, (...what) => {
      read.push(what)
      return OFF
    })
    heartbeat.configure(false)
    expect(heartbeat.latency).to.equal(12)
    expect(heartbeat.lastSeen).to.equal(345)
    expect(await heartbeat.ping()).to.equal(67)
    expect(read).to.deep.equal([[false, PING]])
    expect(configured).to.deep.equal([OFF])
  })
})
