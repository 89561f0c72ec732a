import { expect } from 'chai'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkSocket } from '#src/ws/startup-check.js'
import { root, run } from '../support/project.js'

/** Starts a client in several ways, and prints each error. */
const PROGRAM = `
import { bootstrap, OnMessage } from 'holdfast'

class Feed { message() {} }
OnMessage()(Feed.prototype, 'message', Object.getOwnPropertyDescriptor(Feed.prototype, 'message'))
const url = 'wss://feed.test'
for (const proxy of [
  'http://user:secret@proxy.test:3128',
  'socks5://user:secret@proxy.test:1080',
  'environment',
  () => 'socks5://user:secret@proxy.test:1080',
]) {
  const error = await bootstrap(Feed, url, { proxy, logger: false }).catch((thrown) => thrown)
  console.log(error.code, error.isInvalidValue ?? '', error.message)
}
`

describe('checkSocket, for proxies', () => {
  it('finds nothing if there is no proxy, or if the package for the proxy is installed', async () => {
    expect(await checkSocket({})).to.deep.equal([])
    expect(await checkSocket({ proxy: false })).to.deep.equal([])
    expect(await checkSocket({ proxy: 'http://proxy.test' })).to.deep.equal([])
    expect(await checkSocket({ proxy: 'socks5://proxy.test' })).to.deep.equal([])
  })

  describe('without the packages for proxies', function () {
    this.timeout(30_000)
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
    after(() => rmSync(folder, { recursive: true, force: true }))

    it('reports the missing package before anything connects, with the command that installs it', async () => {
      install(folder)
      const env = {
        HTTPS_PROXY: 'http://user:secret@proxy.test:3128',
        https_proxy: '',
        no_proxy: '',
        NO_PROXY: '',
      }
      const { output } = await run(process.execPath, ['program.mjs'], folder, env)
      const http = missing('https-proxy-agent')
      const socks = missing('socks-proxy-agent')
      expect(output.trim().split('\n')).to.deep.equal([
        ...http,
        ...socks,
        ...http,
        'HOLDFAST_CONNECT_OPTION true The proxy option cannot be used: socks-proxy-agent is not installed. Run npm install socks-proxy-agent',
      ])
    })
  })
})

function missing(name: string): string[] {
  return [
    'HOLDFAST_STARTUP  Cannot start Feed: 1 mistake found',
    `  1. options.proxy: ${name} is not installed`,
    `     Fix: run npm install ${name}`,
  ]
}

/** Creates a project with the build and the packages that it cannot do without. */
function install(folder: string): void {
  const home = join(folder, 'node_modules', 'holdfast')
  mkdirSync(home, { recursive: true })
  for (const part of ['dist', 'package.json'])
    cpSync(fileURLToPath(new URL(part, root)), join(home, part), { recursive: true })
  for (const name of ['ws', 'proxy-from-env'])
    symlinkSync(
      fileURLToPath(new URL(`node_modules/${name}`, root)),
      join(folder, 'node_modules', name),
      'dir',
    )
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
}
