// Completes a release after `changeset version` has set the version in package.json. The script names the section of CHANGELOG.md, and sets
// the version in the lockfiles, the examples, the source, and the docs. With `--check`, it compares a release with its tag instead, and
// changes nothing.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const UNRELEASED = '## Unreleased\n'

/** Files that contain the version in their text, and the place in it. */
export const MENTIONS = [
  ['src/core/version.ts', /(?<=VERSION = ')[^']+/g],
  ...['README.md', 'docs/getting-started.md', 'docs/production.md'].map((path) => [
    path,
    /(?<=holdfast-)\d+\.\d+\.\d+(?=\.tgz)/g,
  ]),
]

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function editText(path, edit) {
  writeFileSync(path, edit(readFileSync(path, 'utf8')))
}

function editJson(path, edit) {
  const json = readJson(path)
  edit(json)
  writeFileSync(path, `${JSON.stringify(json, null, 2)}\n`)
}

/** Returns the text of a section of the CHANGELOG, or undefined if there is no such section. */
function sectionOf(changelog, heading) {
  const [, text] = changelog.split(`\n## ${heading}\n`)
  return text?.split(/^## /m)[0].trim()
}

/**
 * Turns the section "Unreleased" into that of the version, below a new section "Unreleased".
 *
 * @throws if the section is missing or empty, because each release explains its consequences to users
 */
export function nameSection(changelog, version, date) {
  if (!sectionOf(changelog, 'Unreleased'))
    throw new Error('CHANGELOG.md has nothing under "## Unreleased". Describe the changes there.')
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n## ${version}\n\nReleased on ${date}.\n`)
}

/** Sets the version in an example, which depends on the published package. */
function updateExample(folder, version, dependencies) {
  const range = `^${version}`
  editJson(join(folder, 'package.json'), (json) => {
    json.dependencies.holdfast = range
  })
  editJson(join(folder, 'package-lock.json'), ({ packages }) => {
    packages[''].dependencies.holdfast = range
    Object.assign(packages['node_modules/holdfast'], { version, dependencies })
  })
}

/** Completes the release of the version in package.json. */
export function completeRelease(root, date) {
  const { version, dependencies } = readJson(join(root, 'package.json'))
  editText(join(root, 'CHANGELOG.md'), (changelog) => nameSection(changelog, version, date))
  for (const [path, place] of MENTIONS) editText(join(root, path), (text) => text.replace(place, version))
  editJson(join(root, 'package-lock.json'), (lock) => {
    lock.version = version
    lock.packages[''].version = version
  })
  const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  for (const { name } of examples.filter((entry) => entry.isDirectory()))
    updateExample(join(root, 'examples', name), version, dependencies)
}

/** Returns the reasons why a tag must not be published. */
export function problemsOf(root, tag) {
  const { version } = readJson(join(root, 'package.json'))
  const waiting = readdirSync(join(root, '.changeset')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  return [
    ...(tag === `v${version}` ? [] : [`The tag is ${tag}, but package.json has version ${version}`]),
    ...(sectionOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version)
      ? []
      : [`CHANGELOG.md has no section "## ${version}"`]),
    ...waiting.map(
      (name) => `.changeset/${name} has not been released: merge the pull request of the version`,
    ),
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    const problems = problemsOf('.', process.env.GITHUB_REF_NAME)
    for (const problem of problems) console.error(problem)
    process.exitCode = problems.length > 0 ? 1 : 0
  } else completeRelease('.', new Date().toISOString().slice(0, 10))
}
