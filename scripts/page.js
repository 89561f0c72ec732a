// Embeds the page of the inspector, src/inspector/page, unchanged into src/inspector/assets.ts: a bundle, or code compiled to CommonJS, could
// not find files next to it. `npm run page` writes it; a test checks that it is up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../', import.meta.url)
const PAGE = new URL('src/inspector/page/', root)
const TARGET = new URL('src/inspector/assets.ts', root)

/** Returns the module that contains the page. */
export function embeddedPage() {
  const lines = readdirSync(PAGE)
    .sort()
    .map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(readFileSync(new URL(name, PAGE), 'utf8'))},`)
  return [
    '// Written by `npm run page` from the files in src/inspector/page. Change those.',
    '',
    '/** The files of the page, by name. */',
    'export const ASSETS: Readonly<Record<string, string>> = {',
    ...lines,
    '}',
    '',
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) writeFileSync(TARGET, embeddedPage())
