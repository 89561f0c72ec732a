import { expect } from 'chai'
import { existsSync, readdirSync } from 'node:fs'
import { readDocument } from './support/markdown.js'
import { readJson, readPackageJson, root } from './support/project.js'

interface Example {
  readonly name: string
  readonly private?: boolean
  readonly engines?: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly far?: object
}

interface Lockfile {
  readonly packages: Readonly<Record<string, Partial<Example> & { readonly version?: string }>>
}

/** Lists the projects of a folder. */
function projectsIn(folder: string): readonly string[] {
  return readdirSync(new URL(folder, root)).filter((name) =>
    existsSync(new URL(`${folder}/${name}/package.json`, root)),
  )
}

describe('examples', () => {
  const names = projectsIn('examples')
  const { version, dependencies } = readPackageJson()

  it('are listed in their README, each with its own README', () => {
    const links = [...readDocument('examples/README.md').matchAll(/^\| \[(.+?)\]\((.+?)\)/gm)]
    expect(links.map(([, name]) => name).toSorted()).to.deep.equal(names.toSorted())
    expect(links.map(([, , path]) => path)).to.deep.equal(links.map(([, name]) => `${name}/README.md`))
  })

  it('have other names than the projects in far, so that a name selects one project', () => {
    const far = projectsIn('far')
    expect(far).to.include('jest-commonjs')
    expect(names.filter((name) => far.includes(name))).to.deep.equal([])
  })

  for (const name of names) {
    describe(name, () => {
      const json = readJson(`examples/${name}/package.json`) as Example
      const { packages } = readJson(`examples/${name}/package-lock.json`) as Lockfile

      it('depends on this version of Holdfast, as a user would write it', () => {
        expect(json).to.include({ name: `holdfast-example-${name}`, private: true })
        expect(json.dependencies['holdfast']).to.equal(`^${version}`)
        expect(json).not.to.have.property('far')
      })

      it('has a lockfile that agrees with its package.json, and with ours', () => {
        const { name: locked, dependencies: direct, devDependencies, engines } = packages[''] ?? {}
        expect([locked, direct, devDependencies, engines]).to.deep.equal([
          json.name,
          json.dependencies,
          json.devDependencies,
          json.engines,
        ])
        expect(packages['node_modules/holdfast']).to.deep.include({ version, dependencies })
      })

      it('has a README that installs it, and runs a script which exists', () => {
        const [, script = ''] =
          /```sh\nnpm install\nnpm (\w+)\n```/.exec(readDocument(`examples/${name}/README.md`)) ?? []
        expect(json.scripts).to.include.keys(script, 'test')
        expect(readDocument(`examples/${name}/README.md`)).to.include(`npm run test:far -- ${name}\``)
      })
    })
  }
})
