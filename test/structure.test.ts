import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import * as holdfast from 'holdfast'
import { readDocument, tableBelow } from './support/markdown.js'
import { filesIn, readJson, readPackageJson, root } from './support/project.js'

/** Frozen names. Removing one is a breaking change, and adding one needs a reason. */
const NAMES = [
  'Application',
  'BackpressureError',
  'Client',
  'ClientOption',
  'CloseCode',
  'ConnectFailedError',
  'ConnectOptionError',
  'ConnectTimeoutError',
  'Connection',
  'ConnectionClosedError',
  'ConnectionError',
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
  'MessageError',
  'MessageValidationError',
  'Module',
  'NotConnectedError',
  'OnBinary',
  'OnClose',
  'OnClosing',
  'OnError',
  'OnMessage',
  'OnOpen',
  'OnOpenTimeoutError',
  'OnPing',
  'OnPong',
  'OnStateChange',
  'OutboxFullError',
  'PingTimeoutError',
  'ProtocolViolationError',
  'ReplyError',
  'RequestError',
  'RequestTimeoutError',
  'RetriesExhaustedError',
  'SendError',
  'StartupError',
  'SubscriptionError',
  'Subscriptions',
  'UnprocessedMessagesError',
  'UnreadRepliesError',
  'WaitTimeoutError',
  'WebSocketClient',
  'bootstrap',
  'broadcast',
  'createConnectLimiter',
  'defineHandlers',
  'defineProtocol',
  'perLink',
]

/** The frozen names of the other entries. */
const ENTRY_NAMES: Readonly<Record<string, readonly string[]>> = {
  'bigint-json': ['bigintJsonCodec'],
  codecs: ['compressedCodec', 'createJsonCodec', 'jsonCodec', 'textCodec'],
  inspector: ['Inspector', 'startInspector'],
  msgpack: ['createMsgpackCodec', 'msgpackCodec'],
  nestjs: [
    'HOLDFAST_CLOCK',
    'HOLDFAST_RANDOM',
    'HOLDFAST_TRANSPORT',
    'HoldfastClients',
    'HoldfastHealthIndicator',
    'HoldfastModule',
    'InjectClient',
    'InjectConnection',
    'getClientToken',
    'getConnectionToken',
    'isHoldfastContext',
    'provideClient',
  ],
  opentelemetry: ['HoldfastInstrumentation'],
  requests: ['homeAssistant', 'jsonRpc', 'ocpp'],
  routes: ['keyPair', 'keyPart', 'keyPresent'],
  sequence: ['Sequence', 'SnapshotSync'],
  testing: [
    'FakeClock',
    'MemoryPeer',
    'MemoryServer',
    'Peer',
    'Playback',
    'SocketPeer',
    'TestServer',
    'accept',
    'createSeededRandom',
    'dropAfter',
    'flood',
    'halfOpenAfter',
    'ignore',
    'playBack',
    'readRecording',
    'record',
    'refuse',
    'reply',
    'startTestServer',
  ],
  transports: ['createWsTransport'],
}

/** Names that do not describe the contents, so that anything could end up there. */
const EMPTY_NAMES = /^(utils?|helpers?|commons?|types?|managers?|services?)$/

/** Matches paths that exist on one machine only. */
const MACHINE_PATH = /(^|[^\w.$}-])[/](tmp|root|work|home|Users)[/]\w/

/** Returns the names that git ignores, and `.git`. */
function ignored(): ReadonlySet<string> {
  return new Set(['.git', ...readFileSync(new URL('.gitignore', root), 'utf8').split('\n')])
}

describe('The package', () => {
  it("exports these names from 'holdfast'", () => {
    expect(Object.keys(holdfast).sort()).to.deep.equal(NAMES)
  })

  for (const [entry, names] of Object.entries(ENTRY_NAMES)) {
    it(`exports these names from 'holdfast/${entry}'`, async () => {
      const exported = (await import(`holdfast/${entry}`)) as object
      expect(Object.keys(exported).sort()).to.deep.equal(names)
    })
  }

  it("repeats each entry's types in typesVersions for resolution modes that ignore exports", () => {
    const { exports, typesVersions } = readPackageJson()
    const typed = Object.entries(exports).flatMap(([path, target]) =>
      path !== '.' && typeof target === 'object' ? [[path.replace('./', ''), [target.types]]] : [],
    )
    expect(typesVersions).to.deep.equal({ '*': Object.fromEntries(typed) as unknown })
  })

  it('has no other entries', () => {
    const entries = Object.keys(readPackageJson().exports).map((path) => path.replace('./', ''))
    const known = ['.', ...Object.keys(ENTRY_NAMES), 'package.json']
    expect(entries.sort()).to.deep.equal(known.sort())
  })

  it('depends on a ws version without known vulnerabilities: 8.23.0 or later within version 8', () => {
    const [, minor] = /^\^8[.](\d+)[.]\d+$/.exec(readPackageJson().dependencies['ws'] ?? '') ?? []
    expect(Number(minor)).to.be.at.least(23)
  })

  it('declares optional peer dependencies, which the application installs', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = readPackageJson()
    const peers = [
      '@msgpack/msgpack',
      '@nestjs/common',
      '@nestjs/core',
      '@opentelemetry/api',
      'https-proxy-agent',
      'lossless-json',
      'reflect-metadata',
      'socks-proxy-agent',
      'tsyringe',
    ]
    expect(Object.keys(peerDependencies).sort()).to.deep.equal(peers)
    expect(Object.keys(peerDependenciesMeta).sort()).to.deep.equal(peers)
    expect(Object.values(peerDependenciesMeta).every(({ optional }) => optional)).to.equal(true)
    expect(dependencies).to.not.have.any.keys(...peers)
  })

  it('runs on every Node.js version that can require an ES module', () => {
    expect(readPackageJson().engines).to.deep.equal({ node: '>=20.19.0' })
  })
})

describe('The repository', () => {
  it('names files in kebab case, with a noun that describes their contents', () => {
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

  it('has a test with the same name for each file in src, or a reason in CONTRIBUTING.md', () => {
    const namesIn = (folder: string, ending: string): readonly string[] =>
      filesIn(folder)
        .filter((path) => path.endsWith(ending))
        .map((path) => path.slice(folder.length, -ending.length))
    const tests = new Set(namesIn('test/', '.test.ts'))
    const untested = namesIn('src/', '.ts').filter((name) => !tests.has(name))
    const rows = tableBelow(readDocument('CONTRIBUTING.md'), '<!-- files without their own test -->')
    const listed = rows.map(({ file = '' }) => file.replace(/^`src[/](.*)[.]ts`$/, '$1'))
    expect(listed.toSorted()).to.deep.equal(untested.toSorted())
    const unexplained = rows.filter((row) => !row['why it has no separate test'])
    expect(unexplained).to.deep.equal([])
  })

  it('excludes only types from coverage', () => {
    const { exclude } = readJson('.c8rc.json') as { exclude: string[] }
    for (const path of exclude) {
      const built = path.replace(/^src/, 'dist').replace(/[.]ts$/, '.js')
      expect(readFileSync(new URL(built, root), 'utf8'), path).to.match(/^export {};\n(\/\/# .*)?$/)
    }
  })

  it('contains no paths from the machine on which it was written', () => {
    const wrong = filesIn('', ignored()).flatMap((path) =>
      readFileSync(new URL(path, root), 'utf8')
        .split('\n')
        .flatMap((line, index) => (MACHINE_PATH.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    )
    expect(wrong).to.deep.equal([])
  })

  it('contains no registry URLs in any lockfile, so that npm ci uses the configured registry', () => {
    const lockfiles = filesIn('', ignored()).filter((path) => basename(path) === 'package-lock.json')
    expect(lockfiles).to.include('package-lock.json')
    const wrong = lockfiles.filter((path) =>
      readFileSync(new URL(path, root), 'utf8').includes('"resolved": "http'),
    )
    expect(wrong).to.deep.equal([])
  })

  it('installs no native add-ons that would make ws faster than it is for users', () => {
    const { packages } = readJson('package-lock.json') as { packages: object }
    const native = Object.keys(packages).filter((path) => /[/](bufferutil|utf-8-validate)$/.test(path))
    expect(native).to.deep.equal([])
  })
})
