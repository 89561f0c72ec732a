import { expect } from 'chai'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ConnectFailedError } from 'holdfast'
import type { SocketOptions, TlsOptions } from 'holdfast'
import { makeCertificate } from '../support/certificates.js'
import { eventually } from '../support/eventually.js'
import { SocketDuplex } from '../support/roads.js'
import { startTlsServer } from '../support/tls-server.js'
import type { TlsServer } from '../support/tls-server.js'
import { wsScene } from './ws-scene.js'

const company = makeCertificate({ name: 'Company CA', isAuthority: true })
const good = makeCertificate({ issuer: company })
const device = makeCertificate()
const pinOf = ({ cert }: { readonly cert: string }): string => new X509Certificate(cert).fingerprint256
const PIN = pinOf(good)
const OTHER_PIN = pinOf(device)
const ca = company.cert

describe('A pinned certificate (tls.fingerprint256)', function () {
  this.timeout(30_000)
  const { connect, endOf, use } = wsScene(true)

  async function opens(server: TlsServer, socket: SocketOptions): Promise<void> {
    await connect(server.url, { socket }).recorder.untilOpened()
  }

  /** Expects that the attempt fails because of the pin, and that the server receives no byte of a request. */
  async function isStopped(server: TlsServer, socket: SocketOptions, count = 1): Promise<string> {
    const { error } = await endOf(server.url, { socket })
    expect(error).to.be.instanceOf(ConnectFailedError)
    expect((error as ConnectFailedError).systemCode).to.equal('CERT_FINGERPRINT_MISMATCH')
    await eventually('the server has seen the sockets close', () => server.closed === count)
    expect({ requests: server.requests.length, bytes: server.bytes }).to.deep.equal({ requests: 0, bytes: 0 })
    return (error as Error).message
  }

  const start = async (certificate = good): Promise<TlsServer> => use(await startTlsServer(certificate))

  it('opens the connection if it is the one that the server presents, however it is written', async () => {
    const server = await start()
    const plain = PIN.replaceAll(':', '').toLowerCase()
    for (const fingerprint256 of [PIN, plain, [OTHER_PIN, PIN], [plain]])
      await opens(server, { tls: { ca, fingerprint256 } })
  })

  it('fails the attempt before any byte of the request is sent, and shows the fingerprint to copy', async () => {
    const server = await start()
    const message = await isStopped(server, { tls: { ca, fingerprint256: OTHER_PIN } })
    expect(message).to.include(`add '${PIN}'`).and.include('Nothing was sent')
    await opens(server, { tls: { ca, fingerprint256: [OTHER_PIN, PIN] } })
  })

  it('also holds if the certificate is not verified, as for a self-signed device', async () => {
    const server = await start(device)
    await isStopped(server, { tls: { rejectUnauthorized: false, fingerprint256: PIN } })
    await opens(server, { tls: { rejectUnauthorized: false, fingerprint256: OTHER_PIN } })
  })

  it('does not replace the verification', async () => {
    const server = await start(device)
    const { error } = await endOf(server.url, { socket: { tls: { fingerprint256: OTHER_PIN } } })
    expect((error as ConnectFailedError).systemCode).to.equal('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(server.requests).to.deep.equal([])
  })

  it('holds for the sockets of an agent, which would resume a session without a certificate', async () => {
    const server = await start()
    const agent = new Agent({ keepAlive: true, maxCachedSessions: 10 })
    const pinned = (fingerprint256: string): SocketOptions => ({ agent, tls: { ca, fingerprint256 } })
    await isStopped(server, pinned(OTHER_PIN))
    await opens(server, pinned(PIN))
    await opens(server, pinned(PIN))
    const { error } = await endOf(server.url, { socket: pinned(OTHER_PIN) })
    expect((error as ConnectFailedError).systemCode).to.equal('CERT_FINGERPRINT_MISMATCH')
    expect(server.requests).to.have.lengthOf(2)
    agent.destroy()
  })

  describe('with createConnection', () => {
    const made = (server: TlsServer, tls: TlsOptions, ready: boolean): SocketOptions => ({
      tls,
      createConnection: async () => {
        const socket = connectTls({ host: 'localhost', port: server.port, ca })
        if (ready) await once(socket, 'secureConnect')
        return socket
      },
    })

    for (const ready of [false, true]) {
      it(`holds for a TLS socket that ${ready ? 'is already connected' : 'is still connecting'}`, async () => {
        const server = await start()
        await isStopped(server, made(server, { fingerprint256: OTHER_PIN }, ready))
        await opens(server, made(server, { fingerprint256: PIN }, ready))
      })
    }

    it('fails the attempt if the socket is already connected and resumes a session, instead of waiting', async () => {
      const server = await start()
      const target = { host: 'localhost', port: server.port, ca, maxVersion: 'TLSv1.2' } as const
      const first = connectTls(target)
      const [session] = (await once(first, 'session')) as [Buffer]
      first.destroy()
      const createConnection = async () => {
        const socket = connectTls({ ...target, session })
        await once(socket, 'secureConnect')
        return socket
      }
      const { error } = await endOf(server.url, {
        socket: { createConnection, tls: { fingerprint256: PIN } },
      })
      expect((error as ConnectFailedError).systemCode).to.equal('CERT_FINGERPRINT_MISMATCH')
      expect(error?.message).to.include('no certificate to compare')
      expect(server.requests).to.deep.equal([])
    })

    it('is compared on a stream that gets TLS here', async () => {
      const server = await start(device)
      const createConnection = () => new SocketDuplex(connectPlain({ host: '127.0.0.1', port: server.port }))
      await isStopped(server, { createConnection, tls: { rejectUnauthorized: false, fingerprint256: PIN } })
    })
  })
})

describe('tls.checkServerIdentity', function () {
  this.timeout(30_000)
  const { connect, endOf, use } = wsScene(true)

  const refusals: readonly [string, string, (host: string) => unknown][] = [
    ['returns an error', 'not my server', () => new Error('not my server')],
    [
      'throws',
      'not my server',
      () => {
        throw new Error('not my server')
      },
    ],
    ['returns a promise', 'returned an instance of Promise', () => Promise.reject(new Error('late'))],
    ['returns a string', 'returned a string', () => 'not my server'],
  ]
  for (const [what, reason, check] of refusals) {
    it(`fails the attempt before anything is sent if it ${what}`, async () => {
      const server = use(await startTlsServer(good))
      const checkServerIdentity = check as NonNullable<TlsOptions['checkServerIdentity']>
      const { error } = await endOf(server.url, { socket: { tls: { ca, checkServerIdentity } } })
      expect(error).to.be.instanceOf(ConnectFailedError)
      expect(error?.message).to.include(reason)
      expect(server.requests).to.deep.equal([])
    })
  }

  it('accepts the server if it returns undefined, and receives its host and certificate', async () => {
    const server = use(await startTlsServer(good))
    const calls: unknown[] = []
    const checkServerIdentity: TlsOptions['checkServerIdentity'] = (host, { fingerprint256 }) => {
      calls.push([host, fingerprint256])
      return undefined
    }
    await connect(server.url, { socket: { tls: { ca, checkServerIdentity } } }).recorder.untilOpened()
    expect(calls).to.deep.equal([['localhost', PIN]])
  })
})
