import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import MiniSearch from 'minisearch'
import ts from 'typescript'
import { HTML, ROOT } from './folders.js'
import { sourcesOfEntries } from './reference.js'

const BASE = '/holdfast/'
const MINUTES = 60_000

function filesIn(folder, ending) {
  return readdirSync(folder, { recursive: true }).filter((path) => path.endsWith(ending))
}

function read(path) {
  return readFileSync(join(HTML, path), 'utf8')
}

/** Returns all public names of an entry, types included, as TypeScript sees them. */
function namesOf(program, source) {
  const checker = program.getTypeChecker()
  const entry = checker.getSymbolAtLocation(program.getSourceFile(source))
  return entry ? checker.getExportsOfModule(entry).map(({ name }) => name) : []
}

/** Returns the values of an attribute in a page. */
function attributesIn(html, element, attribute) {
  const values = html.matchAll(new RegExp(`<${element}\\b[^>]*? ${attribute}="([^"]*)"`, 'g'))
  return [...values].map(([, value]) => value.replaceAll('&amp;', '&'))
}

describe('The docs site', { timeout: 10 * MINUTES }, () => {
  let output
  let pages

  before(
    async () => {
      const args = ['scripts/docs.js', '--base', BASE]
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
      output = stdout + stderr
      pages = filesIn(HTML, '.html').filter((path) => path !== '404.html')
    },
    { timeout: 9 * MINUTES },
  )

  it('builds without a warning', () => {
    assert.match(output, /The docs site is in/)
    assert.doesNotMatch(output, /warn|dead|error/i)
  })

  it('has a page for each public name of each entry', () => {
    const sources = sourcesOfEntries()
    assert.ok(sources.size >= 12)
    const { config } = ts.readConfigFile(join(ROOT, 'src/tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(ROOT, 'src'))
    const program = ts.createProgram([...sources.values()], options)
    for (const [entry, source] of sources) {
      const folder = join(HTML, 'reference', entry)
      const known = readdirSync(folder, { recursive: true }).map((path) =>
        path.split('/').slice(-2).join('/'),
      )
      const missing = namesOf(program, source).filter(
        (name) => !known.some((path) => /^[a-z-]+[/]/.test(path) && path.endsWith(`/${name}.html`)),
      )
      assert.deepEqual(missing, [], entry)
    }
  })

  it('has a page for each document of the project', () => {
    const documents = filesIn(join(ROOT, 'docs'), '.md').map((path) => posix.join('docs', path))
    const missing = documents
      .map((path) => path.replace(/README[.]md$/, 'index.md').replace(/[.]md$/, '.html'))
      .filter((path) => !pages.includes(path))
    assert.deepEqual(missing, [])
  })

  it('gives each page a title, colors code, and renders tables', () => {
    const untitled = pages.filter((path) => !/<h1\b[^>]*>[^]*?\S[^]*?<\/h1>/.test(read(path)))
    assert.deepEqual(untitled, [])
    const options = read('docs/options.html')
    assert.match(options, /<title>Options \| Holdfast<\/title>/)
    assert.match(options, /<table\b/)
    assert.match(options, /<span style="--shiki-light:#[^"]+--shiki-dark:#[^"]+">/)
    assert.match(read('index.html'), /bootstrap/)
  })

  it('links only to pages and sections that exist, below the base path', () => {
    const wrong = []
    const anchors = new Map(pages.map((path) => [path, new Set(attributesIn(read(path), '[a-z0-9]+', 'id'))]))
    for (const path of pages) {
      for (const href of attributesIn(read(path), 'a', 'href')) {
        if (/^[a-z]+:/.test(href)) continue
        const { pathname, hash } = new URL(href, `http://site${BASE}${path}`)
        const target = pathname.slice(BASE.length).replace(/(^|[/])$/, '$1index.html')
        const isFound = pathname.startsWith(BASE) && anchors.has(target)
        const isThere = !hash || anchors.get(target)?.has(decodeURIComponent(hash.slice(1)))
        if (!isFound || !isThere) wrong.push(`${path}: ${href}`)
      }
    }
    assert.deepEqual(wrong, [])
  })

  it('contains each picture', () => {
    const pictures = pages.flatMap((path) => attributesIn(read(path), 'img', 'src'))
    assert.ok(pictures.length >= 3)
    const missing = pictures.filter(
      (src) => !src.startsWith(BASE) || !existsSync(join(HTML, decodeURIComponent(src.slice(BASE.length)))),
    )
    assert.deepEqual(missing, [])
  })

  it('lists each page in llms.txt, as Markdown', () => {
    const text = read('llms.txt')
    assert.match(text, /^# Holdfast\n\n> .+\n\n## /)
    const links = [...text.matchAll(/^- \[.+?\]\((.+?)\)(?:: .+)?$/gm)].map(([, path]) => path)
    const markdown = filesIn(HTML, '.md').filter((path) => path !== 'index.md')
    assert.deepEqual(new Set(links), new Set(markdown.filter((path) => path !== 'reference/index.md')))
  })

  it('contains each guide in llms-full.txt', () => {
    const text = read('llms-full.txt')
    const guides = filesIn(join(HTML, 'docs'), '.md').filter((path) => path !== 'index.md')
    assert.deepEqual(
      guides.filter((path) => !text.includes(read(join('docs', path)))),
      [],
    )
  })

  it('finds guides and public names in its search', async () => {
    const chunks = join(HTML, 'assets/chunks')
    const [index] = readdirSync(chunks).filter((name) => name.startsWith('@localSearchIndexroot'))
    const { default: json } = await import(join(chunks, index))
    const options = { fields: ['title', 'titles', 'text'], storeFields: ['title', 'titles'] }
    const search = MiniSearch.loadJSON(json, options)
    const pagesFor = (words) => search.search(words, { combineWith: 'AND' }).map(({ id }) => id.split('#')[0])
    assert.ok(pagesFor('heartbeat timeout').includes(`${BASE}docs/heartbeat.html`))
    assert.ok(
      pagesFor('createConnectLimiter').includes(
        `${BASE}reference/holdfast/functions/createConnectLimiter.html`,
      ),
    )
  })
})
