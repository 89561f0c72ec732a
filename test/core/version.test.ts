import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { VERSION } from '#src/core/version.js'
import { root } from '../support/project.js'

describe('VERSION', () => {
  it('is the version in package.json', () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }
    expect(VERSION).to.equal(version)
  })
})
