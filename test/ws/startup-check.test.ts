import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { ConnectOptionError, StartupError, WebSocketClient, bootstrap } from 'holdfast'
import type { ConnectFailedError, Mistake, TlsOptions } from 'holdfast'
import { checkSocket, secureContextOf } from '#src/ws/startup-check.js'
import { disposal } from '../support/disposal.js'
import { makeCertificate } from '../support/certificates.js'
import type { Certificate } from '../support/certificates.js'
import { rejection } from '../support/rejection.js'
import { startTlsServer } from '../support/tls-server.js'
import { watched } from '../support/watched.js'

const company = makeCertificate({ name: 'Company CA', isAuthority: true })
const client = makeCertificate({ name: 'client', issuer: company })
const other = makeCertificate({ name: 'other', issuer: company, rsaBits: 2_048 })
const server = makeCertificate({ issuer: company })
const { cert, key } = client
const PASSPHRASE = 'open sesame'

function encrypted({ privateKey }: Certificate): string {
  const how = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const
  return privateKey.export(how).toString()
}

/** Returns a PFX file with the client's certificate, or `undefined` if there is no openssl. */
function makePfx(): Buffer | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'pfx-'))
  const path = join(folder, 'client.pem')
  writeFileSync(path, cert + key)
  try {
    const made = ['pkcs12', '-export', '-in', path, '-passout', `pass:${PASSPHRASE}`]
    return execFileSync('openssl', made, { stdio: 'pipe' })
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Expects one mistake, and that it shows neither a key nor a passphrase. */
async function expectMistake(tls: TlsOptions, place: string, cause: RegExp, fix: string): Promise<void> {
  const mistakes = await checkSocket({ tls })
  expect(mistakes).to.have.lengthOf(1)
  const [mistake] = mistakes as [Mistake]
  expect(mistake.place).to.equal(place)
  expect(mistake.cause).to.match(cause)
  expect(mistake.fix).to.include(fix)
  expectNoSecrets(mistake)
}

function expectNoSecrets(value: unknown): void {
  expect(inspect(value, { depth: 9 })).to.not.match(/BEGIN (ENCRYPTED )?PRIVATE|open sesame|wrong word/)
}

describe('checkSocket', () => {
  it('accepts certificates and keys in every form', async () => {
    const key2 = encrypted(client)
    const forms: readonly TlsOptions[] = [
      {},
      { ca: company.cert },
      { ca: [company.cert, Buffer.from(server.cert)] },
      { ca: `Bag Attributes\n${company.cert}`, cert: cert + company.cert, key },
      { cert: Buffer.from(cert), key: Buffer.from(key) },
      { cert, key: key2, passphrase: PASSPHRASE },
      { cert, key: [{ pem: key2, passphrase: PASSPHRASE }] },
      { cert: [cert, other.cert], key: [other.key, key] },
      { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256', rejectUnauthorized: false },
    ]
    for (const tls of forms) expect(await checkSocket({ tls })).to.deep.equal([])
    expect(await checkSocket({ localAddress: '127.0.0.1' })).to.deep.equal([])
  })

  it('reports files that are not PEM, for example their paths', async () => {
    const fix = 'readFileSync('
    await expectMistake({ ca: './ca.pem' }, 'options.tls.ca', /no PEM certificate/, fix)
    await expectMistake({ ca: [company.cert, ''] }, 'options.tls.ca', /no PEM certificate/, fix)
    await expectMistake({ cert: key, key }, 'options.tls.cert', /no PEM certificate/, fix)
    await expectMistake({ cert, key: './key.pem' }, 'options.tls.key', /no PEM private key/, fix)
    const broken = key.replace(/\n.{20}/, '\n!!')
    await expectMistake({ cert, key: broken }, 'options.tls.key', /cannot be read/, fix)
  })

  it('reports a key that does not match the certificate', async () => {
    const cause = /does not match the certificate/
    await expectMistake({ cert, key: other.key }, 'options.tls.key', cause, 'issued for')
    await expectMistake({ cert, key: company.key }, 'options.tls.key', cause, 'issued for')
  })

  it('reports a missing or wrong passphrase', async () => {
    const key = encrypted(client)
    const cause = /passphrase is missing or wrong/
    await expectMistake({ cert, key }, 'options.tls.key', cause, 'passphrase')
    await expectMistake({ cert, key, passphrase: 'wrong word' }, 'options.tls.key', cause, 'passphrase')
  })

  it('reports a PFX file that cannot be opened', async function () {
    await expectMistake(
      { pfx: Buffer.from('no') },
      'options.tls.pfx',
      /cannot be read as PFX/,
      'readFileSync(',
    )
    const pfx = makePfx()
    if (!pfx) this.skip()
    const cause = /passphrase is missing or wrong/
    await expectMistake({ pfx }, 'options.tls.pfx', cause, 'passphrase')
    await expectMistake({ pfx, passphrase: 'wrong word' }, 'options.tls.pfx', cause, 'passphrase')
    expect(await checkSocket({ tls: { pfx, passphrase: PASSPHRASE } })).to.deep.equal([])
  })

  it('reports ciphers that do not exist', async () => {
    await expectMistake(
      { ciphers: 'NOPE' },
      'options.tls.ciphers',
      /none of the ciphers in "NOPE"/,
      'getCiphers',
    )
  })
})

describe('secureContextOf', () => {
  it('parses the options of a class once for all its connections', () => {
    const tls = { cert, key }
    expect(secureContextOf(tls)).to.equal(secureContextOf(tls))
    expect(secureContextOf({ ...tls })).to.not.equal(secureContextOf(tls))
  })
})

describe('A client with TLS options', function () {
  this.timeout(30_000)
  const use = disposal()
  const start = async () =>
    use(await startTlsServer({ ...server, ca: company.cert, requestCert: true, rejectUnauthorized: true }))

  it('trusts a company CA, and presents its own certificate', async () => {
    const { Watched } = watched()
    const { url, requests } = await start()
    const started = await bootstrap(Watched, url, { tls: { ca: company.cert, cert, key } })
    expect(requests).to.deep.equal(['client'])
    await started.close()
  })

  it('presents the certificate from a PFX file', async function () {
    const pfx = makePfx()
    if (!pfx) this.skip()
    const { Watched } = watched()
    const { url, requests } = await start()
    const started = await bootstrap(Watched, url, { tls: { ca: company.cert, pfx, passphrase: PASSPHRASE } })
    expect(requests).to.deep.equal(['client'])
    await started.close()
  })

  it('compares the certificate with servername instead of the host', async () => {
    const named = makeCertificate({ issuer: company, hosts: ['feed.test'] })
    const { Watched } = watched()
    const { url } = use(await startTlsServer(named))
    const tls = { ca: company.cert, servername: 'feed.test' }
    await (await bootstrap(Watched, url, { tls })).close()
  })

  it('ignores members that are explicitly undefined', async () => {
    const { Watched } = watched()
    const { url } = use(await startTlsServer(server))
    const names = [
      'cert',
      'key',
      'pfx',
      'passphrase',
      'servername',
      'rejectUnauthorized',
      'minVersion',
      'maxVersion',
    ]
    names.push('ciphers', 'checkServerIdentity', 'fingerprint256')
    const unset = Object.fromEntries(names.map((name) => [name, undefined]))
    await (await bootstrap(Watched, url, { tls: { ca: company.cert, ...unset } })).close()
  })

  it('does not connect if the key does not match, and names the mistake', async () => {
    const { Watched } = watched()
    const { url, connections } = await start()
    const tls = { ca: company.cert, cert, key: other.key }
    const error = await rejection(bootstrap(Watched, url, { tls, logger: false }))
    expect(error).to.be.instanceOf(StartupError)
    expect((error as Error).message).to.include('options.tls.key: does not match the certificate in cert')
    expectNoSecrets(error)
    expect(connections).to.equal(0)
  })

  it('reports mistakes in certificates together with all other mistakes', async () => {
    const { Watched } = watched()
    const error = await rejection(
      bootstrap(Watched, 'wss://feed.test', {
        logger: false,
        maxPayload: -1,
        proxy: 'ftp://proxy.test',
        tls: { ca: company.cert, cert, key: other.key },
      }),
    )
    expect(error).to.be.instanceOf(StartupError)
    const { mistakes } = error as StartupError
    expect(mistakes.map(({ place }) => place)).to.have.members([
      'options.maxPayload',
      'options.proxy',
      'options.tls.key',
    ])
  })

  it('does not read certificates in options that have another mistake', async () => {
    const { Watched } = watched()
    const tls = { ca: 7, cert, key: other.key } as never
    const error = await rejection(bootstrap(Watched, 'wss://feed.test', { logger: false, tls }))
    const { mistakes } = error as StartupError
    expect(mistakes.map(({ place }) => place)).to.deep.equal(['options.tls.ca'])
  })

  it('calls a tls function on every attempt, so that certificates can be rotated', async () => {
    const { Watched, log } = watched()
    const live = await start()
    const attempts: number[] = []
    const started = await bootstrap(Watched, live.url, {
      logger: false,
      reconnect: { initialDelay: 0, maxDelay: 0 },
      tls: ({ attempt }) => {
        attempts.push(attempt)
        if (attempt === 1) throw new Error('the vault is sealed')
        return Promise.resolve({ ca: company.cert, cert, key })
      },
    })
    expect(attempts).to.deep.equal([1, 2])
    expect(log.errors[0]?.error).to.be.instanceOf(ConnectOptionError)
    expect(log.errors[0]?.error.message).to.equal('The tls function threw: the vault is sealed')
    expect(live.requests).to.deep.equal(['client'])
    await started.close()
  })

  for (const [what, tls, message] of [
    ['of the wrong type', { ca: 7 }, '.ca: expected'],
    ['with the wrong key', { cert, key: other.key }, 'tls.key: does not match'],
  ] as const) {
    it(`gives up if the function returns options ${what}`, async () => {
      const { Watched } = watched()
      const { url } = await start()
      const error = await rejection(bootstrap(Watched, url, { logger: false, tls: (() => tls) as never }))
      expect(error).to.be.instanceOf(ConnectOptionError)
      expect(error).to.include({ option: 'tls', isInvalidValue: true })
      expect((error as Error).message)
        .to.include(`The tls function returned an invalid value: `)
        .and.include(message)
      expectNoSecrets(error)
    })
  }

  it('merges the members of tls by name', async () => {
    const { Watched } = watched()
    WebSocketClient({ tls: { ca: company.cert, cert: other.cert, key: other.key } })(Watched)
    const { url, requests } = await start()
    await (await bootstrap(Watched, url, { tls: { cert, key } })).close()
    expect(requests).to.deep.equal(['client'])
  })

  describe('whose server is neither verified nor pinned', () => {
    const lines: string[] = []
    const log = (line: string): unknown => lines.push(line)
    const logger = { debug: () => undefined, info: () => undefined, warn: log, error: log } as never
    const warnings = (): readonly string[] => lines.filter((line) => line.includes('rejectUnauthorized'))
    const tls = { rejectUnauthorized: false }
    beforeEach(() => (lines.length = 0))

    for (const [what, options] of [
      ['set', { logger, tls }],
      ['returned by a function', { logger, tls: () => tls }],
    ] as const) {
      it(`logs one warning for all connections of the class, if that is ${what}`, async () => {
        const { Watched } = watched()
        const { url } = use(await startTlsServer(server))
        await (await bootstrap(Watched, url, options)).close()
        await (await bootstrap(Watched, url, options)).close()
        expect(warnings()).to.have.lengthOf(1)
        expect(warnings()[0]).to.include('tls.rejectUnauthorized is false').and.include('tls.fingerprint256')
      })
    }

    it('logs no warning if the certificate is pinned', async () => {
      const { Watched } = watched()
      const { url } = use(await startTlsServer(server))
      const pinned = { logger, tls: { ...tls, fingerprint256: '00'.repeat(32) } }
      const error = await rejection(bootstrap(Watched, url, pinned))
      expect((error as ConnectFailedError).systemCode).to.equal('CERT_FINGERPRINT_MISMATCH')
      expect(warnings()).to.deep.equal([])
    })
  })
})
