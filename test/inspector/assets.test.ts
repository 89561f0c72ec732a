import { expect } from 'chai'
import { readFileSync, readdirSync } from 'node:fs'
import { ASSETS } from '#src/inspector/assets.js'
import { root } from '../support/project.js'

const PAGE = new URL('src/inspector/page/', root)

describe('The page of the inspector', () => {
  it('is embedded as it is in src/inspector/page; otherwise, run `npm run page`', () => {
    const files = readdirSync(PAGE).map((name) => [name, readFileSync(new URL(name, PAGE), 'utf8')])
    expect(ASSETS).to.deep.equal(Object.fromEntries(files))
  })

  it('contains no address of another site, no inline script, and no inline style', () => {
    for (const [name, text] of Object.entries(ASSETS)) {
      const addresses = text.match(/\b(?:https?|wss?):\/\/[^\s'"]+/g) ?? []
      const allowed = ['http://www.w3.org/2000/svg', 'wss://feed.example.com']
      expect(
        addresses.filter((address) => !allowed.includes(address)),
        name,
      ).to.deep.equal([])
    }
    expect(ASSETS['index.html']).not.to.match(/<script>|<style|\son\w+=|\sstyle=/)
  })

  it('writes texts only as text', () => {
    for (const text of Object.values(ASSETS))
      expect(text).not.to.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/)
  })
})
