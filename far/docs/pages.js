// Copies the pages of the project for the site: docs, the README, and everything that they link to. A linked file or folder of source code
// becomes a page that shows the code.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, extname, join, posix } from 'node:path'
import { PAGES, ROOT } from './folders.js'

/** Code, which contains no links. */
const CODE = /(^```[^]*?^```$|`[^`\n]+`)/m
const LINK = /(\]\(<?)([^)\s#<>]+)((?:#[^)\s>]*)?>?\))/g

const PICTURE = /[.](svg|png)$/

/** Languages of source files by the ending of their names. */
const LANGUAGES = { '.ts': 'ts', '.js': 'js', '.json': 'json', '.md': 'md' }

/** Writes the pages and returns their paths in the site, except that of the home page. */
export function stagePages() {
  const found = new Set()
  const waiting = ['README.md', ...filesIn('docs').filter((path) => path.endsWith('.md'))]
  for (let path = waiting.shift(); path; path = waiting.shift()) {
    const page = pageOf(path)
    if (found.has(page)) continue
    found.add(page)
    const text = textOf(path)
    if (text === undefined) copy(path, page)
    else write(page, withLinks(text, path, waiting))
  }
  write('index.md', home())
  return [...found].filter((page) => page.endsWith('.md'))
}

/** Returns the path of a file in the site. A README is the page of its folder; the page of the root is the home page. */
export function pageOf(path) {
  if (path === 'README.md') return 'readme.md'
  if (isFolder(path)) return posix.join(path, 'index.md')
  if (PICTURE.test(path)) return path
  return path.endsWith('.md') ? path.replace(/(^|[/])README[.]md$/, '$1index.md') : `${path}.md`
}

/** Returns the text of a page; `undefined` for a picture. */
function textOf(path) {
  if (PICTURE.test(path)) return undefined
  return path.endsWith('.md') ? readFileSync(join(ROOT, path), 'utf8') : listing(path)
}

/** Rewrites the links of a page, and adds their targets to those that wait to be copied. */
function withLinks(text, path, waiting) {
  const folder = dirname(path)
  const rewrite = (_link, before, target, after) => {
    if (/^[a-z]+:/.test(target)) return before + target + after
    const linked = posix.join(folder, target)
    // A link that leads nowhere stays, so that VitePress reports it.
    if (!existsSync(join(ROOT, linked))) return before + target + after
    const readme = posix.join(linked, 'README.md')
    const found = existsSync(join(ROOT, readme)) ? readme : linked
    waiting.push(found)
    return before + posix.relative(dirname(pageOf(path)), pageOf(found)) + after
  }
  const parts = text.split(new RegExp(CODE, 'gm'))
  return parts.map((part, index) => (index % 2 ? part : part.replaceAll(LINK, rewrite))).join('')
}

/** Returns a page with the source code of a file, or of the files in a folder. */
function listing(path) {
  if (!isFolder(path)) return `# \`${path}\`\n\n${codeOf(path)}\n`
  const files = filesIn(path).filter(
    (file) => extname(file) in LANGUAGES && !/package-lock|tsconfig/.test(file),
  )
  const parts = files.map((file) => `## \`${posix.relative(path, file)}\`\n\n${codeOf(file)}`)
  return `# Source code of \`${path}\`\n\n${parts.join('\n\n')}\n`
}

function codeOf(file) {
  const code = readFileSync(join(ROOT, file), 'utf8').trimEnd()
  return `\`\`\`\`${LANGUAGES[extname(file)] ?? 'txt'}\n${code}\n\`\`\`\``
}

/** Returns the home page: an introduction, the quick start of the README, and its list of reasons. */
function home() {
  const template = readFileSync(new URL('home.md', import.meta.url), 'utf8')
  const readme = textOf('README.md')
  const [quickStart] = /^```ts client\n[^]*?^```$/m.exec(readme)
  const [, reasons] = /^## What you get\n\n([^]*?)\n\n##/m.exec(readme)
  const parts = { 'quick start': quickStart, reasons }
  return template.replaceAll(/<!-- (.+) -->/g, (_comment, name) => parts[name])
}

function filesIn(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((path) => posix.join(folder, path))
    .filter((path) => !path.includes('node_modules') && !isFolder(path))
    .sort()
}

function isFolder(path) {
  return statSync(join(ROOT, path)).isDirectory()
}

function write(page, text) {
  mkdirSync(dirname(join(PAGES, page)), { recursive: true })
  writeFileSync(join(PAGES, page), text)
}

function copy(path, page) {
  mkdirSync(dirname(join(PAGES, page)), { recursive: true })
  copyFileSync(join(ROOT, path), join(PAGES, page))
}
