// Builds the docs site: the pages of the project and the reference of its exports, as HTML and for programs (llms.txt). Warnings are errors.
//
// `--base /holdfast/` builds it for a server that publishes it under that path.
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vitepress'
import { HTML, PAGES, ROOT, SITE } from './folders.js'
import { writeLlms } from './llms.js'
import { writeNavigation } from './navigation.js'
import { stagePages } from './pages.js'
import { writeReference } from './reference.js'

const { values } = parseArgs({ options: { base: { type: 'string', default: '/' } } })

process.chdir(ROOT)
rmSync(SITE, { recursive: true, force: true })
mkdirSync(PAGES, { recursive: true })
const entries = await writeReference()
const pages = stagePages()
writeNavigation(entries)
try {
  await build(fileURLToPath(new URL('.', import.meta.url)), { base: values.base })
} finally {
  rmSync(new URL('.vitepress/.temp', import.meta.url), { recursive: true, force: true })
}
writeLlms(pages, entries)
console.log(`The docs site is in ${HTML.slice(ROOT.length)}`)
