import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { slug } from 'github-slugger'
import { createLogger } from 'vite'
import { HTML, PAGES, ROOT, SITE } from '../folders.js'

const { description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const logger = createLogger('warn')

/** Makes a warning an error. */
function refuse(warning) {
  throw new Error(`VitePress warns: ${warning}`)
}

export default {
  title: 'Holdfast',
  description,
  lang: 'en-US',
  srcDir: PAGES,
  outDir: HTML,
  cacheDir: join(SITE, 'cache'),
  // The links work on every server, also on one that does not add ".html".
  cleanUrls: false,
  markdown: {
    // The anchors are the same as on GitHub.
    anchor: { slugify: slug },
    languageAlias: { dot: 'txt' },
  },
  vite: {
    customLogger: { ...logger, warn: refuse, warnOnce: refuse },
    build: { chunkSizeWarningLimit: 4_000 },
  },
  themeConfig: {
    ...JSON.parse(readFileSync(join(SITE, 'navigation.json'), 'utf8')),
    outline: [2, 3],
    search: { provider: 'local' },
    externalLinkIcon: true,
  },
}
