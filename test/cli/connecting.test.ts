import { expect } from 'chai'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from 'holdfast/testing'
import { makeCertificate } from '../support/certificates.js'
import { runHoldfast } from '../support/command-line.js'
import { startHttpProxy } from '../support/http-proxy.js'
import { startSocksProxy } from '../support/socks-proxy.js'
import { startTlsServer } from '../support/tls-server.js'

describe('holdfast, connecting', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  const authority = makeCertificate({ name: 'Company CA', isAuthority: true })
  const { cert, key } = makeCertificate({ issuer: authority })
  const client = makeCertificate({ name: 'client', issuer: authority })
  const send = ['-q', '-n1', '-x', 'hi']

  before(() => {
    write('ca.pem', authority.cert)
    write('client.pem', client.cert)
    write('client.key', client.key)
  })
  after(() => rmSync(folder, { recursive: true }))

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text)
  }

  const path = (name: string): string => join(folder, name)

  it('sends --origin, and accepts a server that chooses no subprotocol', async () => {
    await using server = await startTestServer(undefined, { handleProtocols: () => false })
    const { code } = await runHoldfast(['-o', 'https://a.example', '-s', 'v1', '-w0', server.url])
    expect(code).to.equal(0)
    const { headers } = server.connections[0]!.request
    expect([headers.origin, headers['sec-websocket-protocol']]).to.deep.equal(['https://a.example', 'v1'])
  })

  it('sends a header once per value', async () => {
    await using server = await startTestServer()
    await runHoldfast(['-H', 'X-A: 1', '-H', 'X-A: 2', '-w0', server.url])
    expect(server.connections[0]?.request.headersDistinct['x-a']).to.deep.equal(['1', '2'])
  })

  it('follows redirects only with --location', async () => {
    await using server = await startTestServer(({ socket }) => socket.send('arrived'))
    const redirecting = createServer((_, response) => response.writeHead(307, { Location: server.url }).end())
    redirecting.on('upgrade', (_, socket) =>
      socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${server.url}\r\nContent-Length: 0\r\n\r\n`),
    )
    await once(redirecting.listen(0, '127.0.0.1'), 'listening')
    const url = `ws://127.0.0.1:${(redirecting.address() as AddressInfo).port}`
    const refused = await runHoldfast([url])
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('HTTP 307')
    const { code, stdout } = await runHoldfast(['--location', '-n1', url])
    expect([code, stdout]).to.deep.equal([0, 'arrived\n'])
    redirecting.close()
  })

  it('connects through an HTTP or a SOCKS5 proxy with credentials, which it does not print', async () => {
    await using server = await startTestServer(({ socket }) => socket.send('arrived'))
    await using http = await startHttpProxy({ credentials: 'user:secret' })
    await using socks = await startSocksProxy({ credentials: 'user:secret' })
    for (const proxy of [http, socks]) {
      const { stdout } = await runHoldfast(['--proxy', proxy.url('user:secret@'), '-q', '-n1', server.url])
      expect(stdout).to.equal('arrived\n')
      expect(proxy.targets).to.deep.equal([new URL(server.url).host])
    }
    const refused = await runHoldfast(['-v', '--proxy', http.url('user:wrong-secret@'), server.url])
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.include('407').and.not.include('secret')
  })

  it('uses the proxy of the environment only with --proxy environment', async () => {
    await using server = await startTestServer(({ socket }) => socket.send('arrived'))
    await using proxy = await startHttpProxy()
    const env = { http_proxy: proxy.url(), HTTP_PROXY: proxy.url(), no_proxy: '', NO_PROXY: '' }
    expect((await runHoldfast(['-q', '-n1', server.url], { env })).stdout).to.equal('arrived\n')
    expect(proxy.targets).to.deep.equal([])
    const args = ['--proxy', 'environment', '-q', '-n1', server.url]
    expect((await runHoldfast(args, { env })).stdout).to.equal('arrived\n')
    expect(proxy.targets).to.have.length(1)
  })

  it('reports a proxy with an unknown scheme', async () => {
    const { code, stderr } = await runHoldfast(['--proxy', 'ftp://127.0.0.1', 'ws://127.0.0.1:1'])
    expect(code).to.equal(2)
    expect(stderr).to.match(/^holdfast: --proxy: /)
  })

  it('refuses a certificate of an unknown authority, and names --ca', async () => {
    await using server = await startTlsServer({ cert, key })
    const { code, stderr } = await runHoldfast([...send, server.url])
    expect(code).to.equal(1)
    expect(stderr).to.include("Pass the CA's certificate with --ca, or").and.not.include('secret')
  })

  it('trusts --ca, or everything with --insecure, which it reports', async () => {
    await using server = await startTlsServer({ cert, key })
    expect((await runHoldfast([...send, '--ca', path('ca.pem'), server.url])).stdout).to.equal('hi\n')
    const { stdout, stderr } = await runHoldfast(['-n1', '-x', 'hi', '-k', server.url])
    expect(stdout).to.equal('hi\n')
    expect(stderr).to.include("Warning: the server's certificate is not verified (--insecure)\n")
  })

  it('sends a client certificate with --cert and --key', async () => {
    const tls = { cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    await using server = await startTlsServer(tls)
    const trust = [...send, '--ca', path('ca.pem')]
    const without = await runHoldfast([...trust, server.url])
    expect(without.code).to.equal(1)
    expect(without.stderr).to.include('Pass one with --cert and --key')
    const own = ['--cert', path('client.pem'), '--key', path('client.key')]
    expect((await runHoldfast([...trust, ...own, server.url])).stdout).to.equal('hi\n')
    expect(server.requests.at(-1)).to.equal('client')
  })

  it('reports a key without a certificate before it connects', async () => {
    const { code, stderr } = await runHoldfast(['--key', path('client.key'), 'wss://127.0.0.1:1'])
    expect(code).to.equal(2)
    expect(stderr).to.match(/^holdfast: --key.*certificate/)
  })
})
