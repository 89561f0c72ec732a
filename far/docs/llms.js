// Writes the site for programs (https://llmstxt.org): an index in llms.txt, all guides in llms-full.txt, and each page as Markdown.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { indexOf, sectionsOfDocs, summary } from '../../scripts/llms.js'
import { HTML, PAGES } from './folders.js'
import { pageOf } from './pages.js'
import { REFERENCE } from './reference.js'

/** Writes the files. `pages` are the paths of all pages but those of the reference. */
export function writeLlms(pages, entries) {
  cpSync(PAGES, HTML, { recursive: true, filter: (path) => !/[.](svg|png)$/.test(path) })
  const listed = sectionsOfDocs().map(({ title, pages: own }) => ({
    title,
    pages: own.map((page) => ({ ...page, path: pageOf(page.path) })),
  }))
  const known = new Set(listed.flatMap(({ pages: own }) => own.map(({ path }) => path)))
  const others = pages.filter((path) => !known.has(path)).map((path) => ({ name: titleOf(path), path }))
  const sections = [...listed, ...entries.map(sectionOf), { title: 'Optional', pages: others }]
  writeFileSync(join(HTML, 'llms.txt'), indexOf(sections))
  writeFileSync(
    join(HTML, 'llms-full.txt'),
    `# Holdfast\n\n> ${summary()}\n\n${[...known].map(partOf).join('\n')}`,
  )
}

/** Returns the section of an entry, with a page for each name. */
function sectionOf({ name: entry, path, groups }) {
  const pageAt = (name, at) => ({ name, path: posix.join(REFERENCE, at) })
  const members = groups.flatMap(({ children: own }) => own.map((each) => pageAt(each.title, each.path)))
  return { title: `Reference: ${entry}`, pages: [pageAt(`All names of ${entry}`, path), ...members] }
}

function titleOf(path) {
  return /^# (.+)$/m.exec(readFileSync(join(PAGES, path), 'utf8'))[1].replaceAll('`', '')
}

/** Returns a page for llms-full.txt, with where it comes from. */
function partOf(path) {
  return `<!-- ${path} -->\n\n${readFileSync(join(PAGES, path), 'utf8')}`
}
