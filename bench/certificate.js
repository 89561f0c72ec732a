import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Reads the certificate that the tests use, from its source: there should be one key in the repository, not two. */
export function selfSigned() {
  const source = readFileSync(new URL('../test/support/self-signed.ts', import.meta.url), 'utf8')
  const [cert, key] = source.match(/-----BEGIN[^`]+-----END [A-Z ]+-----/g)
  return { cert, key }
}

/** Returns the environment in which Node, and Python, trust it; the file is there as long as this process. */
export function trustingEnvironment() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const path = join(folder, 'certificate.pem')
  writeFileSync(path, selfSigned().cert)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return { NODE_EXTRA_CA_CERTS: path, SSL_CERT_FILE: path, WEBSOCKET_CLIENT_CA_BUNDLE: path }
}
