// Writes the navigation of the site, which VitePress reads in .vitepress/config.js: the guides as docs/README.md lists them, and the reference.
import { writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { sectionsOfDocs } from '../../scripts/llms.js'
import { SITE } from './folders.js'
import { pageOf } from './pages.js'
import { REFERENCE } from './reference.js'

const COMING_FROM = 'docs/coming-from'

/** Returns the link of a page, given its path in the site. */
function linkTo(page) {
  return `/${page.replace(/(^|[/])index[.]md$/, '$1').replace(/[.]md$/, '')}`
}

function groupOf(text, pages, more = {}) {
  return { text, items: pages.map(({ name, path }) => ({ text: name, link: linkTo(pageOf(path)) })), ...more }
}

/** Returns the sidebar of the guides. Pages about other libraries come last. */
function guides() {
  const sections = sectionsOfDocs()
  const isComing = ({ path }) => path.startsWith(COMING_FROM)
  const groups = sections.map(({ title, pages }) =>
    groupOf(
      title,
      pages.filter((page) => !isComing(page)),
      { collapsed: false },
    ),
  )
  groups
    .find(({ text }) => text === 'Reference')
    .items.push({ text: 'API reference', link: `/${REFERENCE}/` })
  const coming = sections.flatMap(({ pages }) => pages.filter(isComing))
  return [...groups, groupOf('Coming from', coming, { collapsed: false })]
}

/** Returns the sidebar of the reference. */
function reference(entries) {
  return entries.map(({ name: entry, path, groups }, index) => ({
    text: entry,
    link: linkTo(posix.join(REFERENCE, path)),
    collapsed: index > 0,
    items: groups.map(({ title: kind, children: members }) => ({
      text: kind,
      collapsed: true,
      items: members.map(({ title: name, path: page }) => ({
        text: name,
        link: linkTo(posix.join(REFERENCE, page)),
      })),
    })),
  }))
}

export function writeNavigation(entries) {
  const navigation = {
    nav: [
      { text: 'Guide', link: '/docs/getting-started', activeMatch: '^/docs/(?!recipes|options|errors)' },
      { text: 'Options', link: '/docs/options' },
      { text: 'Errors', link: '/docs/errors' },
      { text: 'Recipes', link: '/docs/recipes', activeMatch: '^/docs/recipes' },
      { text: 'Reference', link: `/${REFERENCE}/`, activeMatch: `^/${REFERENCE}/` },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar: { [`/${REFERENCE}/`]: reference(entries), '/': guides() },
  }
  writeFileSync(join(SITE, 'navigation.json'), JSON.stringify(navigation))
}
