import { expect } from 'chai'
import { WebSocket } from 'ws'
import { delivers } from '../conformance/case.js'
import type { ConformanceCase } from '../conformance/case.js'
import { clients, travelers } from '../conformance/clients.js'
import type { ReceivingClient } from '../conformance/clients.js'
import { aroundClose, closeCodes, closePayloads } from '../conformance/closing-cases.js'
import { fragmentation, moreFragmentation } from '../conformance/fragmentation-cases.js'
import {
  binaryMessages,
  brokenOff,
  pingsAndPongs,
  reservedBits,
  reservedOpcodes,
  textMessages,
} from '../conformance/framing-cases.js'
import { fragmentLimit, lengths, masks, payloadLimit } from '../conformance/limit-cases.js'
import { glued } from '../conformance/deliveries.js'
import { startStage } from '../conformance/stage.js'
import { Table } from '../conformance/table.js'
import { isFullVolume } from '../support/test-volume.js'
import { utf8AcrossFrames, utf8Fragments, utf8Sequences } from '../conformance/utf8-cases.js'
import { volume } from '../conformance/volume-cases.js'
import type { MadeLate } from '../conformance/volume-cases.js'
import { parts, text } from '../conformance/wire.js'

const sections = [
  ['1.1 text messages', textMessages],
  ['1.2 binary messages', binaryMessages],
  ['2 pings and pongs', pingsAndPongs],
  ['3 reserved bits', reservedBits],
  ['4 reserved opcodes', reservedOpcodes],
  ['5 fragmentation', fragmentation],
  ['fragments, whole messages and control frames mixed', moreFragmentation],
  ['6.1 to 6.4 UTF-8 in fragments', utf8Fragments],
  ...utf8Sequences,
  ['UTF-8 from frame to frame', utf8AcrossFrames],
  ['7.1 frames around a close', aroundClose],
  ['7.3 and 7.5 the payload of a close', closePayloads],
  ['7.7, 7.9 and 7.13 the code of a close', closeCodes],
  ['the encoding of lengths', lengths],
  ['masked frames', masks],
  ['maxPayload', payloadLimit],
  ['maxFragments', fragmentLimit],
  ['truncated streams', brokenOff],
] as const

const short = sections
  .flatMap(([, cases]) => cases)
  .filter(({ pieces, limits }) => !limits && Buffer.concat(pieces).length < 200)
const lasting = short.filter(({ ending }) => ending === 'close')

/** Three cases that leave the connection open, different ones for each `index`. */
function three(index: number): typeof lasting {
  return [0, 1, 2].map((step) => lasting[(index * 7 + step * 31) % lasting.length]!)
}

describe('The stage of the conformance cases', () => {
  it('delivers each chunk to the client as a single chunk', async () => {
    const chunks = parts(text('in parts'), 3)
    const arrived: Uint8Array[] = []
    await using stage = await startStage()
    const connect: ReceivingClient['connect'] = ({ url }, listener) =>
      new WebSocket(url)
        .on('upgrade', ({ socket }) => void socket.on('data', (chunk: Uint8Array) => arrived.push(chunk)))
        .on('open', () => listener.onOpen({ protocol: '', headers: {} }))
        .on('close', (code, reason) => listener.onClose({ code, reason: reason.toString() }))
    const outcome = await stage.play({ name: 'observer', connect }, delivers('', '', [], []), {
      name: '',
      chunks,
    })
    expect(outcome).to.include({ received: '1000', sent: '1000' })
    expect(arrived.slice(0, -1).map(String)).to.deep.equal(chunks.map(String))
  })
})

/** Number of cases in each section of Autobahn, without those that request compression. */
const AUTOBAHN: Readonly<Record<string, number>> = {
  ...{ '1.1': 8, '1.2': 8, 2: 11, 3: 7, '4.1': 5, '4.2': 5, 5: 20 },
  ...{ '6.1': 3, '6.2': 4, '6.3': 2, '6.4': 4, '6.5': 5, '6.6': 11, '6.7': 4, '6.8': 2, '6.9': 4, '6.10': 3 },
  ...{ '6.11': 5, '6.12': 8, '6.13': 5, '6.14': 10, '6.15': 1, '6.16': 3, '6.17': 5, '6.18': 5, '6.19': 5 },
  ...{ '6.20': 7, '6.21': 8, '6.22': 34, '6.23': 7 },
  ...{ '7.1': 6, '7.3': 6, '7.5': 1, '7.7': 13, '7.9': 9, '7.13': 2 },
  ...{ '9.1': 6, '9.2': 6, '9.3': 9, '9.4': 9, '9.5': 6, '9.6': 6, '9.7': 6, '9.8': 6 },
}

describe('The conformance cases', () => {
  it("include each of the 300 cases in Autobahn's sections 1 to 7 and 9 once, plus other cases", () => {
    const played = [
      ...sections.flatMap(([, cases]) => cases.map(({ id }) => id)),
      ...volume.flatMap(([, cases]) => cases.map(({ id }) => id)),
    ]
    const numbered = played.filter((id) => /^[\d.]+$/.test(id))
    const all = Object.entries(AUTOBAHN).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
    )
    expect(all).to.have.lengthOf(300)
    expect(numbered.sort()).to.deep.equal(all.sort())
    expect(new Set(played).size).to.equal(played.length)
  })
})

const tables = clients.map((client) => new Table(client))

for (const table of tables) {
  describe(`Conformance testing of ${table.client.name}`, function () {
    this.timeout(60_000)
    const { stackTraceLimit } = Error
    // There are thousands of violations, and their stacks are never read.
    before(() => (Error.stackTraceLimit = 0))
    after(() => (Error.stackTraceLimit = stackTraceLimit))

    for (const [title, cases] of sections) {
      it(title, () => table.fill(cases))
    }

    for (const [title, cases] of volume) {
      it(title, () => table.fill(made(cases)))
    }

    it('covers each case with three cases before it and two after it', () =>
      table.fill(
        short.map((each, index) =>
          glued([...three(index), each], each.ending !== 'nothing' ? [] : three(index + 1)),
        ),
        ({ pieces }) => [
          { name: 'whole', chunks: [Buffer.concat(pieces)] },
          { name: 'with the handshake', chunks: [Buffer.concat(pieces)], isEarly: true },
          { name: 'case by case', chunks: pieces },
        ],
      ))

    it('covers all cases that leave the connection open in one chunk', () => table.fill([glued(lasting)]))
  })
}

/** Share of the cases that one road plays: every third. */
const SHARE = 3

/** Each road plays other cases, unless all of them are played. */
const everyCase = sections.flatMap(([, cases]) => cases)

for (const [number, client] of travelers.entries()) {
  describe(`Conformance testing of the transport over ${client.name}`, function () {
    this.timeout(180_000)
    const { stackTraceLimit } = Error
    let started: AsyncDisposable | undefined
    before(async () => {
      Error.stackTraceLimit = 0
      started = await client.start?.()
    })
    after(async () => {
      Error.stackTraceLimit = stackTraceLimit
      await started?.[Symbol.asyncDispose]()
    })

    it('has the same outcome in each case', () => {
      const cases = everyCase.filter((_, index) => isFullVolume || (index + number) % SHARE === 0)
      return new Table(client).fill(cases)
    })
  })
}

describe('Conformance testing of all clients', () => {
  it('yields the same table', () => {
    const [first, ...others] = tables.filter(({ client }) => client.share === undefined)
    expect(first!.lines.size).to.be.greaterThan(9_000)
    for (const { client, lines } of others) {
      expect([...lines.keys()].sort(), client.name).to.deep.equal([...first!.lines.keys()].sort())
    }
    for (const { client, lines } of tables) {
      expect(lines.size, client.name).to.be.greaterThan(1_000)
      const differing = [...lines].filter(([line, outcome]) => outcome !== first!.lines.get(line))
      expect(differing, client.name).to.deep.equal([])
    }
  })
})

function* made(cases: readonly MadeLate[]): Iterable<ConformanceCase> {
  for (const late of cases) yield late.make()
}
