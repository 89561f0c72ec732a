import { expect } from 'chai'
import { createHash, randomBytes } from 'node:crypto'
import { bootstrap, defineHandlers } from 'holdfast'
import { textCodec } from 'holdfast/codecs'
import { disposal } from '../../.build/test/support/disposal.js'
import { SeededRandom } from '../../.build/test/support/seeded-random.js'
import { startPythonServer } from './python-server.js'

const COUNT = 10_000
const MIB = 1024 * 1024

/** Sizes at which the format of a frame changes, and their neighbors. */
const LIMITS = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, MIB - 1, MIB]

/** Bytes that don't compress, and text that does. Each message is a part of them. */
const BYTES = randomBytes(2 * MIB)
const TEXT = JSON.stringify(Array.from({ length: 40_000 }, (_, number) => ({ number, price: number * 1.7 })))

/** Returns a message: mostly small, one in 200 up to 1 MiB, every second one text, with a character of four bytes where one fits. */
function message(random, number) {
  const size =
    number < 2 * LIMITS.length
      ? LIMITS[number >> 1]
      : random.chance(1 / 200)
        ? random.between(0, MIB)
        : Math.floor(2 ** (random.next() * 13))
  const at = random.between(0, MIB)
  if (number % 2 === 0) return BYTES.subarray(at, at + size)
  return size < 4 ? TEXT.slice(at, at + size) : `😀${TEXT.slice(at, at + size - 4)}`
}

/** Returns the kind, the size, and a hash of the content of a message. */
function identityOf(data) {
  const bytes = Buffer.from(data)
  const hash = createHash('sha256').update(bytes).digest('hex')
  return `${typeof data === 'string' ? 't' : 'b'}${bytes.length}:${hash}`
}

class Echo {
  /** Identities of the messages that have not come back yet. */
  expected = []
  received = 0
  wrong = []
  summary = new Promise((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  take(data) {
    const sent = this.expected[this.received]
    if (sent === undefined && typeof data === 'string') return this.resolve(JSON.parse(data))
    this.received += 1
    const identity = identityOf(data)
    if (identity !== sent) this.wrong.push({ identity, sent })
  }

  failed(error) {
    this.reject(error)
  }
}

defineHandlers(
  Echo,
  { message: ['take'], binary: 'take', error: ['failed'] },
  { codec: textCodec, reconnect: false, logger: false },
)

/** Sends COUNT messages, and checks that each one arrived at the server and came back unchanged. Returns the server's summary. */
async function exchange({ instance, connection }) {
  const random = new SeededRandom(COUNT)
  const digest = createHash('sha256')
  for (let number = 0; number < COUNT; number += 1) {
    const data = message(random, number)
    const bytes = Buffer.from(data)
    digest.update(`${typeof data === 'string' ? 't' : 'b'}${bytes.length}:`).update(bytes)
    instance.expected.push(identityOf(data))
    await connection.send(data)
  }
  void connection.send('summary')
  const summary = await instance.summary
  expect(instance.wrong).to.deep.equal([])
  expect(instance.received).to.equal(COUNT)
  expect(summary).to.include({ count: COUNT, digest: digest.digest('hex') })
  return summary
}

describe(`Holdfast and a server of the Python library websockets exchange ${COUNT} messages each way`, function () {
  this.timeout(120_000)
  const use = disposal()

  const start = async (options) => use(await startPythonServer(options))
  const open = async (url, options) => use(await bootstrap(Echo, url, options))

  it('over ws', async () => {
    const { port } = await start()
    const { extensions } = await exchange(await open(`ws://127.0.0.1:${port}`))
    expect(extensions).to.deep.equal([])
  })

  it('over ws with compression', async () => {
    const { port } = await start({ compression: true })
    const { extensions } = await exchange(await open(`ws://127.0.0.1:${port}`, { compression: true }))
    expect(extensions).to.deep.equal(['permessage-deflate'])
  })
})
