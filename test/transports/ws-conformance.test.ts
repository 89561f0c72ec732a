import { expect } from 'chai'
import { WebSocket } from 'ws'
import { delivers } from '../conformance/case.js'
import { clients } from '../conformance/clients.js'
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
import { expectTable } from '../conformance/table.js'
import { utf8AcrossFrames, utf8Fragments, utf8Sequences } from '../conformance/utf8-cases.js'
import { volume } from '../conformance/volume-cases.js'
import { parts, text } from '../conformance/wire.js'

const sections = [
  ['1.1 text messages', textMessages],
  ['1.2 binary messages', binaryMessages],
  ['2 pings and pongs', pingsAndPongs],
  ['3 reserved bits', reservedBits],
  ['4 reserved opcodes', reservedOpcodes],
  ['5 fragmentation', fragmentation],
  ['fragments, whole messages and control frames among each other', moreFragmentation],
  ['6.1 to 6.4 UTF-8 in fragments', utf8Fragments],
  ...utf8Sequences,
  ['UTF-8 from frame to frame', utf8AcrossFrames],
  ['7.1 what comes beside a close', aroundClose],
  ['7.3 and 7.5 the payload of a close', closePayloads],
  ['7.7, 7.9 and 7.13 the code of a close', closeCodes],
  ['the encoding of lengths', lengths],
  ['masked frames', masks],
  ['maxPayload', payloadLimit],
  ['maxFragments', fragmentLimit],
  ['streams that break off', brokenOff],
] as const

const short = sections
  .flatMap(([, cases]) => cases)
  .filter(({ pieces, limits }) => !limits && Buffer.concat(pieces).length < 200)
const lasting = short.filter(({ ending }) => ending === 'close')

/** Three cases that leave the connection open, others for each `index`. */
function three(index: number): typeof lasting {
  return [0, 1, 2].map((step) => lasting[(index * 7 + step * 31) % lasting.length]!)
}

describe('The stage of the conformance cases', () => {
  it('brings each chunk to the client as one', async () => {
    const chunks = parts(text('cut up'), 3)
    const arrived: Uint8Array[] = []
    await using stage = await startStage()
    const connect: ReceivingClient['connect'] = ({ url }, listener) =>
      new WebSocket(url)
        .on('upgrade', ({ socket }) => void socket.on('data', (chunk: Uint8Array) => arrived.push(chunk)))
        .on('open', () => listener.opened({ protocol: '', headers: {} }))
        .on('close', (code, reason) => listener.closed({ code, reason: reason.toString() }))
    const outcome = await stage.play({ name: 'observer', connect }, delivers('', '', [], []), {
      name: '',
      chunks,
    })
    expect(outcome).to.include({ received: '1000', sent: '1000' })
    expect(arrived.slice(0, -1).map(String)).to.deep.equal(chunks.map(String))
  })
})

for (const client of clients) {
  describe(`What ${client.name} makes of what it receives`, function () {
    this.timeout(60_000)

    for (const [title, cases] of sections) {
      it(title, () => expectTable(client, cases))
    }

    for (const [title, cases] of volume) {
      it(title, () => expectTable(client, made(cases)))
    }

    it('each case glued to three before it and two behind it', () =>
      expectTable(
        client,
        short.map((each, index) =>
          glued([...three(index), each], each.ending !== 'nothing' ? [] : three(index + 1)),
        ),
        ({ pieces }) => [
          { name: 'whole', chunks: [Buffer.concat(pieces)] },
          { name: 'with the handshake', chunks: [Buffer.concat(pieces)], isEarly: true },
          { name: 'case by case', chunks: pieces },
        ],
      ))

    it('all cases that leave the connection open, in one chunk', () => expectTable(client, [glued(lasting)]))
  })
}

function* made<T>(cases: readonly (() => T)[]): Iterable<T> {
  for (const make of cases) yield make()
}
