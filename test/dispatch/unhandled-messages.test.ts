import { expect } from 'chai'
import { UnhandledMessageLog } from '#src/dispatch/unhandled-messages.js'
import { heapInUse } from '../support/heap.js'

const ONCE = '(logged once; see connection.stats.unhandledMessages)'

/** A log of unhandled messages, and its warnings. */
function rig(handlers: Readonly<Record<string, string | number>> = {}) {
  const warnings: string[] = []
  const ignore = (): void => {}
  const logger = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (line: string) => void warnings.push(line),
  }
  const table = Object.entries(handlers).map(
    ([method, key]) =>
      [
        key,
        { method, name: `Ticker#${method}`, event: 'message' as const, decorator: '@OnMessage()' },
      ] as const,
  )
  return { warnings, unhandled: new UnhandledMessageLog('Ticker', logger, new Map(table)) }
}

describe('UnhandledMessageLog', () => {
  it("logs a key once, with the message's properties and the decorator to add", () => {
    const { warnings, unhandled } = rig()
    for (const key of ['tick', 'tick', 5, '5']) unhandled.message(key, { type: key, id: 1, data: 'secret' })
    const shape = '(properties: type, id, data)'
    expect(warnings).to.deep.equal([
      `no handler in Ticker for key "tick" ${shape}. Add @OnMessage("tick"), or @OnMessage() for the rest ${ONCE}`,
      `no handler in Ticker for key 5 ${shape}. Add @OnMessage(5), or @OnMessage() for the rest ${ONCE}`,
      `no handler in Ticker for key "5" ${shape}. Add @OnMessage("5"), or @OnMessage() for the rest ${ONCE}`,
    ])
  })

  it('logs messages without a key by their properties, once for each combination', () => {
    const { warnings, unhandled } = rig()
    for (const key of [undefined, null, {}, true]) unhandled.message(key, { event: 'x', args: [] })
    unhandled.message(undefined, { topic: 'x' })
    unhandled.message(undefined, {})
    unhandled.message(undefined, [1, 2])
    unhandled.message(undefined, 'text')
    const shapes = ['properties: event, args', 'properties: topic', 'no properties', 'an array', 'a string']
    const fix = 'Set the route option to the property that contains the key, or add @OnMessage() for the rest'
    expect(warnings).to.deep.equal(
      shapes.map((shape) => `no handler in Ticker for messages without a key (${shape}). ${fix} ${ONCE}`),
    )
  })

  it('logs at most ten properties', () => {
    const { warnings, unhandled } = rig()
    unhandled.message('wide', Object.fromEntries(Array.from({ length: 99 }, (_, index) => [`p${index}`, 1])))
    expect(warnings[0]).to.contain('(properties: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, …)')
  })

  it('logs once that binary frames have no handler', () => {
    const { warnings, unhandled } = rig()
    unhandled.binary()
    unhandled.binary()
    expect(warnings).to.deep.equal([
      `no handler in Ticker for binary frames. Add @OnBinary(), or use a codec that decodes them ${ONCE}`,
    ])
  })

  it('logs the handler whose key differs only in case or type', () => {
    const { warnings, unhandled } = rig({ code: 7, tick: 'Tick' })
    unhandled.message('7', {})
    unhandled.message('tick', {})
    expect(warnings[0]).to.contain('; @OnMessage(7) differs only in case or type)')
    expect(warnings[1]).to.contain("; @OnMessage('Tick') differs only in case or type)")
  })

  it('warns once, for the first unhandled message, that a key with an asterisk is not a pattern', () => {
    const { warnings, unhandled } = rig({ book: 'orderbook.50.*', rest: '*', known: 'known' })
    unhandled.message('orderbook.50.BTCUSDT', {})
    unhandled.message('orderbook.50.ETHUSDT', {})
    unhandled.message(undefined, {})
    expect(warnings).to.have.length(5)
    expect(warnings.slice(0, 2)).to.deep.equal([
      "Ticker#book: @OnMessage('orderbook.50.*') is compared literally, not as a pattern. Route by a part of the key, for example with keyPart() from holdfast/routes, or use @OnMessage() for the rest",
      "Ticker#rest: @OnMessage('*') is compared literally, not as a pattern. Use @OnMessage() for the rest",
    ])
  })

  it('limits the log if a peer keeps sending new keys', () => {
    const { warnings, unhandled } = rig()
    for (let index = 0; index < 1_000; index += 1) unhandled.message(`key ${index}`, {})
    expect(warnings).to.have.length(101)
    expect(warnings[99]).to.contain('"key 99"')
    expect(warnings[100]).to.equal(
      `more than 100 unhandled keys in Ticker; further keys are not logged (see connection.stats.unhandledMessages)`,
    )
  })

  it('limits the log for messages without a key, whatever their properties', () => {
    const { warnings, unhandled } = rig()
    for (let index = 0; index < 1_000; index += 1) unhandled.message(undefined, { [`symbol ${index}`]: 1 })
    expect(warnings).to.have.length(100)
  })

  it('keeps only the logged part of each key in memory', () => {
    const { warnings, unhandled } = rig()
    const before = heapInUse()
    for (let index = 0; index < 100; index += 1) unhandled.message(`${index}${'x'.repeat(2 ** 20)}`, {})
    expect(heapInUse() - before).to.be.lessThan(8 * 2 ** 20)
    expect(warnings).to.have.length(100)
  })

  it('limits the length of lines', () => {
    const { warnings, unhandled } = rig()
    unhandled.message(`x\n[forged] ${'y'.repeat(10_000)}`, { ['z'.repeat(10_000)]: 1 })
    expect(warnings[0]).to.match(/key "x\\n\[forged\] y+…" \(properties: z+…\)\. Add @OnMessage\("/)
    expect(warnings[0]?.length).to.be.below(500)
  })
})
