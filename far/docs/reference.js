// Writes the reference: a Markdown page for each public name, from its doc comment.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application } from 'typedoc'
import { MarkdownPageEvent } from 'typedoc-plugin-markdown'
import { PAGES, ROOT, SITE } from './folders.js'

/** Folder of the reference in the site. */
export const REFERENCE = 'reference'

/** Types that only compute other types. Users never name them. */
const COMPUTING = [
  'AnyMessage',
  'CheckedConfig',
  'KeyedMethod',
  'MessageMethod',
  'MessageOf',
  'NameOf',
  'OptionMethods',
  'ReplyOf',
  'SidesOfSchemas',
  'SidesOfTypes',
]

/** Parts of the conditions in conditional types. */
const CONDITIONS = [
  'Outgoing.__type.toServer',
  'Outgoing.__type.[SIDE]',
  'Outgoing.__type.[SIDE].__type.outgoing',
  'ReplyTo.__type.toServer',
  'ReplyTo.__type.replies',
  'ReplyTo.__type.[SIDE]',
  'ReplyTo.__type.[SIDE].__type.outgoing',
  'ReplyTo.__type.[SIDE].__type.replies',
]

/** Returns the entries of package.json by name, with their source files. */
export function sourcesOfEntries() {
  const { name, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const typed = Object.entries(exports).filter(([, { types }]) => types)
  return new Map(
    typed.map(([path, { types }]) => [
      path.replace('.', name),
      join(ROOT, types.replace('./dist/', 'src/').replace(/[.]d[.]ts$/, '.ts')),
    ]),
  )
}

/**
 * Writes the pages and returns what each entry exports: `{ name, path, groups: [{ title, children: [{ title, path }] }] }`.
 *
 * @throws if typedoc warns
 */
export async function writeReference() {
  const sources = sourcesOfEntries()
  const navigation = join(SITE, 'reference.json')
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: [...sources.values()],
    tsconfig: join(ROOT, 'src/tsconfig.json'),
    out: join(PAGES, REFERENCE),
    navigationJson: navigation,
    name: 'API reference',
    readme: 'none',
    sortEntryPoints: false,
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    intentionallyNotExported: COMPUTING,
    intentionallyNotDocumented: CONDITIONS.map((part) => `holdfast.${part}`),
    externalSymbolLinkMappings: { '@types/node': { '*': 'https://nodejs.org/api/' } },
    logLevel: 'Warn',
    // Of typedoc-plugin-markdown:
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    indexFormat: 'table',
  })
  app.internationalization.addTranslations('en', { kind_module: 'Entry', kind_plural_module: 'Entries' })
  const entryPoints = app.getEntryPoints()
  for (const entry of entryPoints) {
    entry.displayName = [...sources].find(([, path]) => path === entry.sourceFile.fileName)[0]
  }
  app.getEntryPoints = () => entryPoints
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = withShortDefaults(page.contents)
  })
  const project = await app.convert()
  if (project) app.validate(project)
  if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('typedoc failed')
  await app.generateOutputs(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('typedoc failed')
  return JSON.parse(readFileSync(navigation, 'utf8')).flatMap(entriesIn)
}

/** Returns an entry, followed by those that typedoc nests in it because of their names. */
function entriesIn({ title, path, children = [] }) {
  const nested = children.filter((child) => child.path)
  const groups = children.filter((child) => !child.path)
  return [
    { name: title, path, groups },
    ...nested.flatMap((child) => entriesIn({ ...child, title: `${title}/${child.title}` })),
  ]
}

/** Shows a default in one line, instead of a heading and a block of code. */
function withShortDefaults(text) {
  return text.replaceAll(/^#+ Default\n\n```ts\n(.*)\n```$/gm, 'Default: `$1`')
}
