import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Reads the certificate from the sources of the tests, so that the repository contains only one key. */
export function selfSigned() {
  const source = readFileSync(new URL('../test/support/self-signed.ts', import.meta.url), 'utf8')
  const [cert, key] = source.match(/-----BEGIN[^`]+-----END [A-Z ]+-----/g)
  return { cert, key }
}

/** Returns an environment in which Node.js and Python trust the certificate. The file exists until this process ends. */
export function trustingEnvironment() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const path = join(folder, 'certificate.pem')
  writeFileSync(path, selfSigned().cert)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return { NODE_EXTRA_CA_CERTS: path, SSL_CERT_FILE: path, WEBSOCKET_CLIENT_CA_BUNDLE: path }
}
