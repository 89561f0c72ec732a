import { expect } from 'chai'
import { build } from 'esbuild'
import type { Metafile } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { filesIn, root } from './support/project.js'

/** Bundles a program that uses the root entry, without writing files. Optional peer dependencies remain imports. */
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

/** Returns the imports of Node's built-in modules in a bundle, as `file: module`. */
function builtinsIn({ inputs }: Metafile): string[] {
  return Object.entries(inputs).flatMap(([path, { imports }]) =>
    imports.filter(({ path: name }) => name.startsWith('node:')).map(({ path: name }) => `${path}: ${name}`),
  )
}

describe('The root entry', () => {
  it("bundles for a browser without ws or Node's built-in modules", async () => {
    const metafile = await bundle('browser')
    expect(builtinsIn(metafile)).to.deep.equal([])
    const foreign = Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))
    expect(foreign).to.deep.equal([])
  })

  it("imports Node's built-in modules only in the rooms that touch the network, and in one platform file", async () => {
    const files = builtinsIn(await bundle('node')).filter((line) => line.startsWith('dist/'))
    const others = files.filter((line) => !/^dist[/](ws|fast-paths|proxy|transports)[/]/.test(line))
    expect(others).to.deep.equal([
      'dist/core/platform.js: node:async_hooks',
      'dist/core/platform.js: node:diagnostics_channel',
    ])
  })

  it('has a twin with the same exports for each file that the browser and bun conditions replace', async () => {
    const twins = filesIn('dist/').filter((path) => /[.](browser|bun)[.]js$/.test(path))
    expect(twins.sort()).to.deep.equal([
      'dist/core/platform.browser.js',
      'dist/ws/default-transport.browser.js',
      'dist/ws/ws-package.bun.js',
    ])
    for (const twin of twins) {
      const [here, there] = (await Promise.all(
        [twin.replace(/[.](browser|bun)/, ''), twin].map((path) => import(new URL(path, root).href)),
      )) as [object, object]
      expect(Object.keys(there).sort(), twin).to.deep.equal(Object.keys(here).sort())
    }
  })

  it('loads the ws package by its path under the bun condition', async () => {
    const { WebSocket: byPath } = (await import('#src/ws/ws-package.bun.js')) as {
      WebSocket: unknown
    }
    expect(byPath).to.equal(WebSocket)
  })
})
