import { expect } from 'chai'
import type { TlsOptions as ServerOptions } from 'node:tls'
import { ConnectFailedError } from 'holdfast'
import type { TlsOptions } from 'holdfast'
import { explainTlsFailure } from '#src/ws/certificate-advice.js'
import type { TlsError } from '#src/ws/certificate-advice.js'
import { makeCertificate } from '../support/certificates.js'
import { startTlsServer } from '../support/tls-server.js'
import { wsScene } from './ws-scene.js'

const DAY = 24 * 60 * 60 * 1_000
const day = (offset: number): Date => new Date(Date.now() + offset * DAY)
const text = (date: Date): string => date.toISOString().slice(0, 10)

const company = makeCertificate({ name: 'Company CA', isAuthority: true })
const stranger = makeCertificate({ name: 'Another CA', isAuthority: true })
const intermediate = makeCertificate({ name: 'Intermediate', isAuthority: true, issuer: company })
const good = makeCertificate({ issuer: company })
const mutual = { ...good, ca: company.cert, requestCert: true, rejectUnauthorized: true }
const selfSigned = makeCertificate()
const expired = makeCertificate({ issuer: company, from: day(-9), until: day(-5) })
const early = makeCertificate({ issuer: company, from: day(5), until: day(9) })

/** Cases: a title, the server, the client's options, the error code, and what the error must say. */
const CASES: readonly (readonly [
  string,
  ServerOptions,
  TlsOptions | undefined,
  string,
  readonly string[],
])[] = [
  [
    'a certificate from a company CA',
    good,
    undefined,
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    [
      'does not know the CA',
      'tls: { ca }',
      'NODE_EXTRA_CA_CERTS',
      'does not send its intermediate certificates',
    ],
  ],
  [
    'a company CA whose certificate the server also sends',
    { cert: good.cert + company.cert, key: good.key },
    undefined,
    'SELF_SIGNED_CERT_IN_CHAIN',
    ['self-signed certificate in certificate chain', 'tls: { ca }', 'NODE_EXTRA_CA_CERTS'],
  ],
  [
    'an intermediate certificate from a company CA',
    (() => {
      const { cert, key } = makeCertificate({ issuer: intermediate })
      return { cert: cert + intermediate.cert, key }
    })(),
    undefined,
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ['unable to get local issuer certificate', 'tls: { ca }', 'NODE_EXTRA_CA_CERTS'],
  ],
  [
    'a self-signed certificate',
    selfSigned,
    undefined,
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    ['self-signed certificate', 'tls: { ca }', "rejectUnauthorized: false, fingerprint256: '"],
  ],
  [
    'a certificate for other names',
    makeCertificate({ issuer: company, hosts: ['feed.test', '192.0.2.7'] }),
    { ca: company.cert },
    'ERR_TLS_CERT_ALTNAME_INVALID',
    ['not valid for the host localhost, only for feed.test, 192.0.2.7.', 'tls: { servername }'],
  ],
  [
    'a certificate that has expired',
    expired,
    { ca: company.cert },
    'CERT_HAS_EXPIRED',
    [`expired on ${text(day(-5))}`, 'must renew it', 'clock'],
  ],
  [
    'a certificate that is not valid yet',
    early,
    { ca: company.cert },
    'CERT_NOT_YET_VALID',
    [`not valid before ${text(day(5))}`, "Check this machine's clock"],
  ],
  [
    'a certificate with a weak key',
    { ...makeCertificate({ issuer: company, rsaBits: 1_024 }), ciphers: 'DEFAULT@SECLEVEL=0' },
    { ca: company.cert, ciphers: 'DEFAULT@SECLEVEL=2' },
    'UNSPECIFIED',
    ['key too weak', 'The server needs a new certificate'],
  ],
  [
    'a server that requires a client certificate (TLS 1.2)',
    { ...mutual, maxVersion: 'TLSv1.2' },
    { ca: company.cert },
    'EPROTO',
    ['handshake failure', 'may require a client certificate: tls: { cert, key }'],
  ],
  [
    'a server that requires a client certificate (TLS 1.3)',
    mutual,
    { ca: company.cert },
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    ['the server requires a client certificate', 'tls: { cert, key }'],
  ],
  [
    'a server that does not accept the client certificate, and says nothing',
    mutual,
    { ca: company.cert, ...pairOf(makeCertificate({ issuer: stranger })) },
    'ECONNRESET|EPIPE',
    ['The server may not accept the client certificate'],
  ],
  [
    'a server with an older TLS version only',
    { ...good, maxVersion: 'TLSv1.2' },
    { ca: company.cert, minVersion: 'TLSv1.3' },
    'EPROTO',
    ['alert protocol version', 'tls.minVersion'],
  ],
  [
    'a server with other ciphers',
    { ...good, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    { ca: company.cert, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
    'EPROTO',
    ['no cipher or TLS version is common to both sides', 'tls.ciphers'],
  ],
]

function pairOf({ cert, key }: { cert: string; key: string }): TlsOptions {
  return { cert, key }
}

describe('The error of a failed TLS handshake', function () {
  this.timeout(30_000)
  const { connect, endOf, use } = wsScene()

  for (const [title, server, tls, code, parts] of CASES) {
    it(`explains ${title}`, async () => {
      const { url, requests } = use(await startTlsServer(server))
      const { error } = await endOf(url, { socket: { tls } })
      expect(error).to.be.instanceOf(ConnectFailedError)
      const { message, systemCode } = error as ConnectFailedError
      expect(systemCode).to.match(new RegExp(`^(${code})$`))
      for (const part of parts) expect(message).to.include(part)
      expect(message).to.not.match(/openssl|secret|\n|PRIVATE/)
      expect(requests).to.deep.equal([])
    })
  }

  it('shows the fingerprint of a self-signed certificate in the form that tls.fingerprint256 accepts', async () => {
    const { url } = use(await startTlsServer(selfSigned))
    const { error } = await endOf(url)
    const fingerprint256 = /fingerprint256: '([^']+)'/.exec(error?.message ?? '')?.[1]
    const tls = { rejectUnauthorized: false, fingerprint256 }
    await connect(url, { socket: { tls } }).recorder.untilOpened()
  })
})

describe('explainTlsFailure', () => {
  const explain = (cause: Partial<TlsError>, tls?: TlsOptions): string | undefined =>
    explainTlsFailure({
      cause: { name: 'Error', message: 'm', ...cause },
      certificate: undefined,
      tls,
      now: 0,
    })
  const client = pairOf(good)

  it('explains a certificate that was revoked', () => {
    expect(explain({ code: 'CERT_REVOKED' })).to.include("has revoked the server's certificate")
  })

  it('explains alerts of other servers about the client certificate', () => {
    const alert = (reason: string, tls?: TlsOptions): string | undefined =>
      explain({ code: `ERR_SSL_${reason.replaceAll(' ', '_').toUpperCase()}`, reason }, tls)
    expect(alert('tlsv1 alert unknown ca', client)).to.include('does not know the CA that signed it')
    expect(alert('sslv3 alert bad certificate', client)).to.include('rejected the client certificate')
    expect(alert('sslv3 alert bad certificate')).to.include('requires a client certificate')
    expect(alert('sslv3 alert certificate expired', client)).to.include('rejected the client certificate')
    expect(alert('ssl/tls alert handshake failure', client)).to.include(
      'may not accept the client certificate',
    )
    expect(alert('unsupported protocol')).to.include('tls.minVersion')
  })

  it('shows no date if it is not the certificate of the server that has expired', () => {
    expect(explain({ code: 'CERT_HAS_EXPIRED' })).to.match(/^a certificate of the server has expired[.]/)
    expect(explain({ code: 'CERT_NOT_YET_VALID' })).to.match(/^the server's certificate is not valid yet[.]/)
  })

  it('leaves other errors alone', () => {
    expect(explain({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' })).to.equal(undefined)
    expect(explain({})).to.equal(undefined)
  })
})
