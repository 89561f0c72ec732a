import { expect } from 'chai'
import { build } from 'esbuild'
import type { Metafile } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { filesIn, root } from './support/project.js'

/** Bundles a program that uses the root entry. Nothing is written; optional peers stay imports. */
async function bundle(platform: 'browser' | 'node'): Promise<Metafile> {
  const { metafile } = await build({
    stdin: {
      contents: "import { bootstrap, OnMessage } from 'holdfast'\nconsole.log(bootstrap, OnMessage)",
      resolveDir: fileURLToPath(root),
    },
    bundle: true,
    format: 'esm',
    platform,
    external: ['tsyringe', 'reflect-metadata'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  return metafile
}

/** The files of a bundle that import a builtin module of Node, and the names of what they import. */
function builtinsIn({ inputs }: Metafile): string[] {
  return Object.entries(inputs).flatMap(([path, { imports }]) =>
    imports.filter(({ path: name }) => name.startsWith('node:')).map(({ path: name }) => `${path}: ${name}`),
  )
}

describe('The root entry', () => {
  it('bundles for a browser, without ws and without a builtin module of Node', async () => {
    const metafile = await bundle('browser')
    expect(builtinsIn(metafile)).to.deep.equal([])
    const foreign = Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))
    expect(foreign).to.deep.equal([])
  })

  it('reaches the builtin modules of Node through the transports and one platform file only', async () => {
    const files = builtinsIn(await bundle('node')).filter((line) => line.startsWith('dist/'))
    const others = files.filter((line) => !/^dist[/]transports[/]/.test(line))
    expect(others).to.deep.equal([
      'dist/core/platform.js: node:async_hooks',
      'dist/core/platform.js: node:diagnostics_channel',
    ])
  })

  it('has a twin of each file that the conditions browser and bun swap, with the same exports', async () => {
    const twins = filesIn('dist/').filter((path) => /[.](browser|bun)[.]js$/.test(path))
    expect(twins.sort()).to.deep.equal([
      'dist/core/platform.browser.js',
      'dist/transports/default-transport.browser.js',
      'dist/transports/ws/ws-package.bun.js',
    ])
    for (const twin of twins) {
      const [here, there] = (await Promise.all(
        [twin.replace(/[.](browser|bun)/, ''), twin].map((path) => import(new URL(path, root).href)),
      )) as [object, object]
      expect(Object.keys(there).sort(), twin).to.deep.equal(Object.keys(here).sort())
    }
  })

  it('loads the package ws itself by its path, where the condition bun asks for it', async () => {
    const { WebSocket: byPath } = (await import('#src/transports/ws/ws-package.bun.js')) as {
      WebSocket: unknown
    }
    expect(byPath).to.equal(WebSocket)
  })
})
