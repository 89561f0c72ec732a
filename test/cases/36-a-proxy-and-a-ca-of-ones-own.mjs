// The proxy of the environment, and a company CA that Node trusts through NODE_EXTRA_CA_CERTS. `HTTPS_PROXY` was ignored without a word.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { OnError, OnMessage, bootstrap } from 'holdfast'
import { WebSocketServer } from 'ws'
import { annotate, check, end, note } from './support.mjs'

if (process.env.CASE_CHILD) {
  class Feed {
    any() {}
    failed() {}
  }
  annotate(Feed, [
    ['any', OnMessage()],
    ['failed', OnError()],
  ])
  const options = { logger: false, reconnect: { maxAttempts: 1 }, proxy: 'environment' }
  const client = await bootstrap(Feed, process.env.CASE_CHILD, options).catch((error) => error)
  console.log(client instanceof Error ? `failed: ${client.message}` : 'open')
  process.exit()
}

const dir = mkdtempSync(`${tmpdir()}/case36-`)
const ssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
const request = ['req', '-newkey', 'rsa:2048', '-nodes']
ssl(...request, '-x509', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Company CA')
ssl(...request, '-keyout', 'key.pem', '-out', 'csr.pem', '-subj', '/CN=localhost')
writeFileSync(`${dir}/ext`, 'subjectAltName=DNS:localhost,IP:127.0.0.1')
const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext']
ssl('x509', '-req', '-in', 'csr.pem', '-out', 'cert.pem', ...signed)
const https = createHttps({ key: readFileSync(`${dir}/key.pem`), cert: readFileSync(`${dir}/cert.pem`) })
new WebSocketServer({ server: https })
await new Promise((resolve) => https.listen(0, '127.0.0.1', resolve))

let tunnels = 0
const proxy = createHttp().on('connect', (request, socket) => {
  tunnels += 1
  const [host, port] = request.url.split(':')
  const to = connect(port, host, () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(to).pipe(socket)
  })
  for (const each of [to, socket]) each.on('error', () => undefined)
})
await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))

const url = `wss://localhost:${https.address().port}/`
/** No proxy, whatever this machine uses. */
const CLEAN = Object.fromEntries(
  ['WSS_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
    [name, ''],
    [name.toLowerCase(), ''],
  ]),
)
const child = (env) =>
  new Promise((resolve) => {
    let out = ''
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
      env: { ...process.env, ...CLEAN, CASE_CHILD: url, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.on('data', (data) => (out += data))
    child.on('close', () => resolve(out.trim()))
  })

note(`the company's CA unknown: ${await child({})}`)
const ca = { NODE_EXTRA_CA_CERTS: `${dir}/ca.pem` }
const known = await child(ca)
check(known === 'open', `NODE_EXTRA_CA_CERTS, Node's own: ${known}`)
const proxyUrl = `http://127.0.0.1:${proxy.address().port}`
const proxied = await child({ ...ca, HTTPS_PROXY: proxyUrl, https_proxy: proxyUrl })
check(proxied === 'open' && tunnels === 1, `HTTPS_PROXY: ${proxied}, through ${tunnels} tunnels`)
rmSync(dir, { recursive: true })
end()
