import { expect } from 'chai'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap, defineHandlers } from 'holdfast'
import { textCodec } from 'holdfast/codecs'
import { makeCertificate } from '../../.build/test/support/certificates.js'
import { disposal } from '../../.build/test/support/disposal.js'
import { startHttpProxy } from '../../.build/test/support/http-proxy.js'
import { SeededRandom } from '../../.build/test/support/seeded-random.js'
import { SELF_SIGNED } from '../../.build/test/support/self-signed.js'
import { startSocksProxy } from '../../.build/test/support/socks-proxy.js'
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

/** A temporary folder, which is removed when disposed. */
class Folder {
  #path = mkdtempSync(join(tmpdir(), 'holdfast-'))

  pathOf(name) {
    return join(this.#path, name)
  }

  write(name, text) {
    writeFileSync(this.pathOf(name), text)
    return this.pathOf(name)
  }

  async [Symbol.asyncDispose]() {
    rmSync(this.#path, { recursive: true })
  }
}

/** Certificates of one authority: the server's and the client's. */
function certificates() {
  const issuer = makeCertificate({ name: 'authority', isAuthority: true })
  return {
    ca: issuer.cert,
    server: makeCertificate({ issuer }),
    client: makeCertificate({ issuer, name: 'holdfast', hosts: ['client.test'] }),
  }
}

describe(`Holdfast and a server of the Python library websockets exchange ${COUNT} messages each way`, function () {
  this.timeout(120_000)
  const use = disposal()

  /** Starts a server without TLS. Returns its URL. */
  async function start(options) {
    const { port } = use(await startPythonServer(options))
    return `ws://127.0.0.1:${port}`
  }

  /** Roads to a server: each one starts what it needs, and returns the URL, its options, and a check of the server's summary. */
  const ROADS = {
    ws: async (options) => ({ url: await start(options) }),

    'wss with a client certificate': async (options) => {
      const { ca, server, client } = certificates()
      const folder = use(new Folder())
      const tls = {
        cert: folder.write('cert.pem', server.cert),
        key: folder.write('key.pem', server.key),
        client: folder.write('ca.pem', ca),
      }
      const { port } = use(await startPythonServer({ ...options, tls }))
      return {
        url: `wss://localhost:${port}`,
        options: { tls: { ca, cert: client.cert, key: client.key } },
        check: (summary) => expect(summary.client).to.equal('holdfast'),
      }
    },

    'a Unix socket': async (options) => {
      const unix = use(new Folder()).pathOf('server.sock')
      use(await startPythonServer({ ...options, unix }))
      return { url: `ws+unix://${unix}:/` }
    },

    'an HTTP proxy': async (options) => through(use(await startHttpProxy()), await start(options)),

    'an HTTPS proxy': async (options) => {
      const road = through(use(await startHttpProxy({ isSecure: true })), await start(options))
      return { ...road, options: { ...road.options, tls: { ca: SELF_SIGNED.cert } } }
    },

    'a SOCKS5 proxy': async (options) => through(use(await startSocksProxy()), await start(options)),
  }

  function through(proxy, url) {
    return {
      url,
      options: { proxy: proxy.url() },
      check: () => expect(proxy.targets).to.deep.equal([new URL(url).host]),
    }
  }

  for (const [name, road] of Object.entries(ROADS)) {
    for (const compression of [false, true]) {
      it(`over ${name}, ${compression ? 'with' : 'without'} compression`, async () => {
        const { url, options, check } = await road({ compression })
        const summary = await exchange(use(await bootstrap(Echo, url, { ...options, compression })))
        expect(summary.extensions).to.deep.equal(compression ? ['permessage-deflate'] : [])
        check?.(summary)
      })
    }
  }
})
