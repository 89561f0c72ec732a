import { expect } from 'chai'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCacheFolder } from '#src/cli/compile-cache.js'
import { runHoldfast } from '../support/command-line.js'

describe('compileCacheFolder', () => {
  it("is in the user's folder for caches", () => {
    expect(compileCacheFolder({ HOME: '/user' })).to.equal(join('/user', '.cache', 'holdfast'))
    expect(compileCacheFolder({ HOME: '/user', XDG_CACHE_HOME: '/c' })).to.equal(join('/c', 'holdfast'))
  })

  it('is undefined without a home, and never relative to the working directory', () => {
    expect(compileCacheFolder({})).to.equal(undefined)
    expect(compileCacheFolder({ HOME: '', XDG_CACHE_HOME: 'cache' })).to.equal(undefined)
  })
})

describe('keepCompiledCode', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'))
  after(() => rmSync(folder, { recursive: true }))

  it('keeps the code of the command, if Node.js can', async () => {
    const env = { XDG_CACHE_HOME: folder, NODE_DISABLE_COMPILE_CACHE: undefined }
    expect((await runHoldfast(['--version'], { env })).code).to.equal(0)
    expect(existsSync(join(folder, 'holdfast'))).to.equal('enableCompileCache' in nodeModule)
  })

  it('does nothing if the folder cannot be created', async () => {
    const env = { XDG_CACHE_HOME: '/dev/null/cache', NODE_DISABLE_COMPILE_CACHE: undefined }
    const { code, stderr } = await runHoldfast(['--version'], { env })
    expect([code, stderr]).to.deep.equal([0, ''])
  })
})
