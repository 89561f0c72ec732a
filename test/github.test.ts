import { expect } from 'chai'
import { accessSync, constants } from 'node:fs'
import { parse } from 'yaml'
import { readDocument } from './support/markdown.js'
import { filesIn, readPackageJson, root } from './support/project.js'

/** One element of an issue form. */
interface Element {
  readonly type: string
  readonly id?: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly validations?: Readonly<Record<string, unknown>>
}

interface Form {
  readonly name: string
  readonly description: string
  readonly labels?: readonly string[]
  readonly body: readonly Element[]
}

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly 'runs-on': string
  readonly 'timeout-minutes': number
  readonly environment?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> }
  readonly steps: readonly Step[]
}

interface Workflow {
  readonly name: string
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const TEMPLATES = '.github/ISSUE_TEMPLATE/'
const WORKFLOWS = '.github/workflows/'

/** The URL of the repository, which package.json contains in the form that npm writes. */
const repository = readPackageJson().repository.url.replace(/^git\+(.*)\.git$/, '$1')

function readYaml(path: string): unknown {
  return parse(readDocument(path))
}

/** The keys of each element's attributes: those that it needs, and those that it may have (GitHub's form schema). */
const ATTRIBUTES: Readonly<
  Record<string, readonly [needed: readonly string[], optional: readonly string[]]>
> = {
  markdown: [['value'], []],
  input: [['label'], ['description', 'placeholder', 'value']],
  textarea: [['label'], ['description', 'placeholder', 'value', 'render']],
  dropdown: [
    ['label', 'options'],
    ['description', 'multiple', 'default'],
  ],
  checkboxes: [['label', 'options'], ['description']],
}

/** Returns the reasons why GitHub would not show a form. */
function problemsOf({ body, ...top }: Form): readonly string[] {
  const { name, description, labels, ...others } = top
  const ids = body.flatMap(({ id }) => id ?? [])
  const labelsOf = body.flatMap(({ attributes }) => (attributes['label'] as string | undefined) ?? [])
  return [
    ...[name, description].filter((text) => typeof text !== 'string' || text.trim() === ''),
    ...(labels ?? []).filter((label) => typeof label !== 'string'),
    ...Object.keys(others).map((key) => `unknown key ${key}`),
    ...ids.filter((id, index) => !/^[\w-]+$/.test(id) || ids.indexOf(id) !== index),
    ...labelsOf.filter((label, index) => labelsOf.indexOf(label) !== index),
    ...body.flatMap(({ type, id, attributes, validations = {} }) => {
      const [needed, optional] = ATTRIBUTES[type] ?? [[`the type ${type}`], []]
      const keys = Object.keys(attributes)
      return [
        ...needed.filter((key) => !attributes[key]),
        ...keys.filter((key) => ![...needed, ...optional].includes(key)),
        ...Object.keys(validations).filter((key) => key !== 'required'),
        ...(type === 'markdown' || id !== undefined ? [] : [`${type} without an ID`]),
      ]
    }),
  ]
}

describe('The issue forms', () => {
  const forms = filesIn(TEMPLATES).filter((path) => !path.endsWith('/config.yml'))
  const bug = readYaml(`${TEMPLATES}bug.yml`) as Form

  it('ask for bugs and for features', () => {
    expect(forms).to.deep.equal([`${TEMPLATES}bug.yml`, `${TEMPLATES}feature.yml`])
  })

  for (const path of forms) {
    it(`follow GitHub's schema: ${path}`, () => {
      expect(problemsOf(readYaml(path) as Form)).to.deep.equal([])
    })
  }

  it('are rejected if a label repeats, an attribute is missing, or a key is unknown', () => {
    const input = { type: 'input', id: 'a', attributes: { label: 'A' } }
    const broken = [
      { ...input, id: 'b' },
      { ...input, attributes: { labl: 'B' } },
      { type: 'text', attributes: {} },
    ]
    expect(problemsOf({ name: 'A', description: '', body: [input, ...broken] })).to.deep.equal([
      '',
      'a',
      'A',
      'label',
      'labl',
      'the type text',
      'text without an ID',
    ])
  })

  it('require the version, the runtime, and a client, and ask for a recording without secrets', () => {
    const required = bug.body.filter(({ validations }) => validations?.['required'] === true)
    expect(required.map(({ id }) => id)).to.deep.equal(['version', 'runtime', 'problem', 'client'])
    const { attributes } = bug.body.find(({ id }) => id === 'recording')!
    expect(attributes['description']).to.include('--record').and.to.include('redact')
  })

  it('point questions and vulnerabilities to other places', () => {
    interface Config {
      readonly blank_issues_enabled: boolean
      readonly contact_links: readonly Readonly<Record<'name' | 'url' | 'about', string>>[]
    }
    const { contact_links: links, ...others } = readYaml(`${TEMPLATES}config.yml`) as Config
    expect(others).to.deep.equal({ blank_issues_enabled: true })
    for (const link of links) expect(Object.keys(link)).to.deep.equal(['name', 'url', 'about'])
    expect(links.map(({ url }) => url)).to.include(`${repository}/security/advisories/new`)
  })

  it('link only to files of the repository that exist, and to its advisories', () => {
    const texts = [...filesIn(TEMPLATES), 'SECURITY.md'].map(readDocument).join('\n')
    const urls = [...texts.matchAll(/https:\/\/[^\s)]+/g)].map(([url]) => url)
    const paths = urls.map((url) => url.replace(`${repository}/`, ''))
    expect(paths).to.have.length.greaterThan(5)
    for (const path of paths.filter((path) => path !== 'security/advisories/new')) {
      expect(path).to.match(/^blob\/main\/docs\//)
      accessSync(new URL(path.replace('blob/main/', '').replace(/#.*/, ''), root))
    }
  })
})

describe('package.json', () => {
  it('names the repository, its issues, and its homepage, which npm shows', () => {
    const { homepage, bugs } = readPackageJson()
    expect(repository).to.match(/^https:\/\/github[.]com\/[\w-]+\/holdfast$/)
    expect({ homepage, bugs }).to.deep.equal({
      homepage: `${repository}#readme`,
      bugs: `${repository}/issues`,
    })
  })
})

describe('The workflows', () => {
  const paths = filesIn(WORKFLOWS)
  const workflows = new Map(paths.map((path) => [path.replace(WORKFLOWS, ''), readYaml(path) as Workflow]))
  const jobs = [...workflows.values()].flatMap((workflow) => Object.values(workflow.jobs))
  const release = workflows.get('release.yml')!

  it('check every change and publish releases', () => {
    expect([...workflows.keys()]).to.deep.equal(['ci.yml', 'release.yml'])
    expect(Object.keys(workflows.get('ci.yml')!.on)).to.deep.equal(['push', 'pull_request'])
    expect(release.on).to.deep.equal({ push: { branches: ['main'], tags: ['v*'] } })
  })

  it('limit the time of each job and the permissions of its token', () => {
    for (const { permissions } of workflows.values())
      expect([{ contents: 'read' }, {}]).to.deep.include(permissions)
    for (const job of jobs) {
      expect(job['runs-on']).to.equal('ubuntu-latest')
      expect(job['timeout-minutes']).to.be.within(1, 90)
    }
  })

  it('name each action by its commit', () => {
    const uses = jobs.flatMap(({ steps }) => steps.flatMap((step) => step.uses ?? []))
    expect(uses).to.have.length.greaterThan(3)
    for (const name of uses) expect(name).to.match(/^[\w-]+(\/[\w-]+)+@[0-9a-f]{40}$/)
  })

  it('run only scripts that exist', () => {
    const commands = jobs.flatMap(({ steps }) => steps.flatMap((step) => [step.run, step.with?.['script']]))
    const scripts = commands.flatMap((command) =>
      typeof command === 'string'
        ? [...command.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name)
        : [],
    )
    expect(scripts).to.include('release:version')
    expect(readPackageJson().scripts).to.include.keys(...scripts)
  })

  it('run all checks on each Node.js version whose tests the docs promise', () => {
    const { strategy, steps } = workflows.get('ci.yml')!.jobs['check']!
    const [, promised = ''] =
      /the whole test suite on ([\d, and]+?) *\|/.exec(readDocument('docs/where-it-runs.md')) ?? []
    expect(strategy?.matrix['node']?.map(String)).to.deep.equal(promised.match(/\d+/g))
    expect(steps.at(-1)?.run).to.equal('.ci/run')
    accessSync(new URL('.ci/run', root), constants.X_OK)
  })

  it('publish with provenance and without a token, after checking the package', () => {
    const { permissions, steps, environment } = release.jobs['publish']!
    expect(permissions).to.deep.equal({ contents: 'read', 'id-token': 'write' })
    expect(environment).to.equal('npm')
    expect(steps.flatMap(({ run }) => run ?? [])).to.deep.equal([
      'npm ci',
      'npm run release:check',
      'npm run test:package',
      'npm publish --provenance --access public',
    ])
    expect(readDocument(`${WORKFLOWS}release.yml`)).not.to.match(/secrets[.]|NODE_AUTH_TOKEN/)
  })
})
