import { expect } from 'chai'
import { UnhandledMessageLog } from '#src/dispatch/unhandled-messages.js'
import { heapInUse } from '../support/heap.js'

/** What goes unrouted, and the warnings of it. */
function rig() {
  const warnings: string[] = []
  const ignore = (): void => {}
  const logger = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (line: string) => void warnings.push(line),
  }
  return { warnings, unrouted: new UnhandledMessageLog('Ticker', logger) }
}

describe('UnhandledMessageLog', () => {
  it('says once per key which decorator would take it', () => {
    const { warnings, unrouted } = rig()
    for (const key of ['tick', 'tick', 5, '5']) unrouted.message(key)
    expect(warnings).to.deep.equal([
      'no handler of Ticker takes messages with the key "tick": add @OnMessage("tick"), or @OnMessage() for all the rest (said once; connection.stats.unhandledMessages counts them)',
      'no handler of Ticker takes messages with the key 5: add @OnMessage(5), or @OnMessage() for all the rest (said once; connection.stats.unhandledMessages counts them)',
      'no handler of Ticker takes messages with the key "5": add @OnMessage("5"), or @OnMessage() for all the rest (said once; connection.stats.unhandledMessages counts them)',
    ])
  })

  it('says once that messages have no key', () => {
    const { warnings, unrouted } = rig()
    for (const key of [undefined, null, {}, true]) unrouted.message(key)
    expect(warnings).to.deep.equal([
      'no handler of Ticker takes messages without a key: add @OnMessage() for all the rest, or set the route option (said once; connection.stats.unhandledMessages counts them)',
    ])
  })

  it('says once that binary frames have no handler', () => {
    const { warnings, unrouted } = rig()
    unrouted.binary()
    unrouted.binary()
    expect(warnings).to.deep.equal([
      'no handler of Ticker takes binary frames: add @OnBinary(), or a codec that decodes them (said once; connection.stats.unhandledMessages counts them)',
    ])
  })

  it('does not mistake a key for one of these', () => {
    const { warnings, unrouted } = rig()
    unrouted.message(undefined)
    unrouted.message('keyless')
    unrouted.binary()
    expect(warnings).to.have.length(3)
  })

  it('cannot be made to fill the log by a peer that sends ever new keys', () => {
    const { warnings, unrouted } = rig()
    for (let index = 0; index < 1_000; index += 1) unrouted.message(`key ${index}`)
    expect(warnings).to.have.length(101)
    expect(warnings[99]).to.contain('"key 99"')
    expect(warnings[100]).to.equal(
      'no handler of Ticker takes messages with more than 100 different keys: no further one is named (said once; connection.stats.unhandledMessages counts them)',
    )
  })

  it('holds on to no more of a key than it names', () => {
    const { warnings, unrouted } = rig()
    const before = heapInUse()
    for (let index = 0; index < 100; index += 1) unrouted.message(`${index}${'x'.repeat(2 ** 20)}`)
    expect(heapInUse() - before).to.be.lessThan(8 * 2 ** 20)
    expect(warnings).to.have.length(100)
  })

  it('cannot be made to write lines of the peer, or long ones', () => {
    const { warnings, unrouted } = rig()
    unrouted.message(`x\n[forged] ${'y'.repeat(10_000)}`)
    expect(warnings[0]).to.match(/the key "x\\n\[forged\] y+…": add @OnMessage\("/)
    expect(warnings[0]).not.to.contain('\n')
    expect(warnings[0]?.length).to.be.below(400)
  })
})
