import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as holdfast from 'holdfast'
import * as bigintJson from 'holdfast/bigint-json'
import * as msgpack from 'holdfast/msgpack'
import * as testing from 'holdfast/testing'
import { readDocument, tableBelow } from './support/markdown.js'
import { filesIn, readJson, readPackageJson, root } from './support/project.js'

/** Frozen: a name that goes is a breaking change, and a name that comes needs a reason. */
const NAMES = [
  'Application',
  'BackpressureError',
  'Client',
  'CloseCode',
  'ConnectError',
  'ConnectTimeoutError',
  'Connection',
  'ConnectionClosedError',
  'ConnectionLostError',
  'DecodeError',
  'EncodeError',
  'HandshakeError',
  'Heartbeat',
  'HeartbeatTimeoutError',
  'HoldfastError',
  'InvalidUrlError',
  'JsonSender',
  'Logger',
  'MessageDroppedError',
  'MessageValidationError',
  'Module',
  'NotConnectedError',
  'OnBinary',
  'OnClose',
  'OnError',
  'OnMessage',
  'OnOpen',
  'OnPing',
  'OnPong',
  'OnStateChange',
  'OutboxFullError',
  'PingTimeoutError',
  'ProtocolViolationError',
  'ProviderError',
  'ReadyTimeoutError',
  'RequestError',
  'RequestTimeoutError',
  'RetriesExhaustedError',
  'Sequence',
  'StartupError',
  'SubscriptionError',
  'Subscriptions',
  'UnhandledMessagesError',
  'UnreadRepliesError',
  'WaitTimeoutError',
  'WebSocketClient',
  'bootstrap',
  'compressedCodec',
  'createJsonCodec',
  'createWsTransport',
  'defineHandlers',
  'defineProtocol',
  'homeAssistant',
  'jsonCodec',
  'jsonRpc',
  'keyPair',
  'keyPart',
  'keyPresent',
  'ocpp',
  'textCodec',
]

const TESTING_NAMES = ['FakeClock', 'MemoryPeer', 'MemoryServer', 'TestServer', 'startTestServer']

/** Names that say nothing of what is inside, so that anything ends up there. */
const EMPTY_NAMES = /^(utils?|helpers?|commons?|types?|managers?|services?)$/

/** Folders of one machine: a path into them is right nowhere else. */
const MACHINE_PATH = /(^|[^\w.$}-])[/](tmp|root|work|home|Users)[/]\w/

/** What git leaves out, by the names in .gitignore, and git itself. */
function ignored(): ReadonlySet<string> {
  return new Set(['.git', ...readFileSync(new URL('.gitignore', root), 'utf8').split('\n')])
}

describe('The package', () => {
  it("exports these names from 'holdfast'", () => {
    expect(Object.keys(holdfast).sort()).to.deep.equal(NAMES)
  })

  it("exports these names from 'holdfast/msgpack' and 'holdfast/bigint-json'", () => {
    expect(Object.keys(msgpack).sort()).to.deep.equal(['createMsgpackCodec', 'msgpackCodec'])
    expect(Object.keys(bigintJson)).to.deep.equal(['bigintJsonCodec'])
  })

  it("exports these names from 'holdfast/testing'", () => {
    expect(Object.keys(testing).sort()).to.deep.equal(TESTING_NAMES)
  })

  it('asks for a ws that has no known hole: 8.23.0 or later, of major version 8', () => {
    const [, minor] = /^\^8[.](\d+)[.]\d+$/.exec(readPackageJson().dependencies['ws'] ?? '') ?? []
    expect(Number(minor)).to.be.at.least(23)
  })

  it('leaves tsyringe and reflect-metadata to the application, for two copies of them do not see each other', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = readPackageJson()
    const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
    expect(needed.sort()).to.deep.equal(['reflect-metadata', 'tsyringe'])
    expect(dependencies).to.not.have.any.keys('reflect-metadata', 'tsyringe')
  })

  it('asks for what its subpaths are made of only where those are used', () => {
    const { dependencies, peerDependenciesMeta } = readPackageJson()
    const optional = ['@msgpack/msgpack', 'lossless-json']
    expect(Object.keys(peerDependenciesMeta).sort()).to.deep.equal(optional)
    expect(dependencies).to.not.have.any.keys(...optional)
  })

  it('runs on every Node that can require an ES module', () => {
    expect(readPackageJson().engines).to.deep.equal({ node: '>=20.19.0' })
  })
})

describe('The repository', () => {
  it('names files in kebab case, by a noun that says what is inside', () => {
    const files = ['src/', 'test/', 'example-app/', 'scripts/'].flatMap((folder) =>
      filesIn(folder, ignored()),
    )
    const names = files
      .filter((path) => /[.][jt]s$/.test(path))
      .map((path) => ({ path, name: basename(path).replace(/([.]test)?[.][jt]s$/, '') }))
    const wrong = names.filter(
      ({ name }) => EMPTY_NAMES.test(name) || !/^[a-z\d]+([-.][a-z\d]+)*$/.test(name),
    )
    expect(wrong.map(({ path }) => path)).to.deep.equal([])
  })

  it('covers each file of src by the test of its name, or says in CONTRIBUTING.md why not', () => {
    const namesIn = (folder: string, ending: string): readonly string[] =>
      filesIn(folder)
        .filter((path) => path.endsWith(ending))
        .map((path) => path.slice(folder.length, -ending.length))
    const tests = new Set(namesIn('test/', '.test.ts'))
    const untested = namesIn('src/', '.ts').filter((name) => !tests.has(name))
    const rows = tableBelow(readDocument('CONTRIBUTING.md'), '<!-- files without a test of their own -->')
    const listed = rows.map(({ file = '' }) => file.replace(/^`src[/](.*)[.]ts`$/, '$1'))
    expect(listed.toSorted()).to.deep.equal(untested.toSorted())
    const unexplained = rows.filter((row) => !row['why it has no test of its own'])
    expect(unexplained).to.deep.equal([])
  })

  it('leaves nothing out of the coverage but types', () => {
    const { exclude } = readJson('.c8rc.json') as { exclude: string[] }
    for (const path of exclude) {
      const built = path.replace(/^src/, 'dist').replace(/[.]ts$/, '.js')
      expect(readFileSync(new URL(built, root), 'utf8'), path).to.match(/^export {};\n(\/\/# .*)?$/)
    }
  })

  it('names no path of the machine that it was written on', () => {
    const wrong = filesIn('', ignored()).flatMap((path) =>
      readFileSync(new URL(path, root), 'utf8')
        .split('\n')
        .flatMap((line, index) => (MACHINE_PATH.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    )
    expect(wrong).to.deep.equal([])
  })

  it('names no registry in any lockfile, so that npm ci takes the one that is set', () => {
    const lockfiles = filesIn('', ignored()).filter((path) => basename(path) === 'package-lock.json')
    expect(lockfiles).to.include('package-lock.json')
    const wrong = lockfiles.filter((path) =>
      readFileSync(new URL(path, root), 'utf8').includes('"resolved": "http'),
    )
    expect(wrong).to.deep.equal([])
  })

  it('installs nothing that makes ws faster than users have it', () => {
    const { packages } = readJson('package-lock.json') as { packages: object }
    const native = Object.keys(packages).filter((path) => /[/](bufferutil|utf-8-validate)$/.test(path))
    expect(native).to.deep.equal([])
  })
})
