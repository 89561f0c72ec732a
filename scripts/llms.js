// Writes llms.txt, the index of the documentation for programs that read it (https://llmstxt.org). Its links are relative, so that they
// work in the package and on the docs site. The site also has llms-full.txt: see far/docs.
import { readFileSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../', import.meta.url)

/** A page of the index: `- [name](path): note.` */
const ENTRY = /^- \[(.+?)\]\(([^)#]+)\): (.+)$/

function read(path) {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

/** Returns the sections of docs/README.md with the pages that they list. Paths are relative to the root of the project. */
export function sectionsOfDocs() {
  return read('docs/README.md')
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title, ...lines] = section.split('\n')
      const pages = lines.flatMap((line) => {
        const [, name, path, note] = ENTRY.exec(line) ?? []
        return path ? [{ name: name.replaceAll('`', ''), path: posix.join('docs', path), note }] : []
      })
      return { title, pages }
    })
}

/** Returns the first paragraph of the README, on one line. */
export function summary() {
  return read('README.md').split('\n\n')[1].replaceAll('\n', ' ')
}

/** Returns the index in the format of llmstxt.org. Readers may skip the section `Optional`. */
export function indexOf(sections) {
  const lists = sections.map(({ title, pages }) => {
    const lines = pages.map(({ name, path, note }) => `- [${name}](${path})${note ? `: ${note}` : ''}`)
    return `## ${title}\n\n${lines.join('\n')}\n`
  })
  return `# Holdfast\n\n> ${summary()}\n\n${lists.join('\n')}`
}

export const OPTIONAL = {
  title: 'Optional',
  pages: [{ name: 'Changelog', path: 'CHANGELOG.md', note: 'look up changes in each version.' }],
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('llms.txt', ROOT), indexOf([...sectionsOfDocs(), OPTIONAL]))
}
