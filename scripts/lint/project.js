// The whole project as one TypeScript program: what every check of house.js reads.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/**
 * @typedef {object} Project
 * @property {ts.Program} program
 * @property {ts.TypeChecker} checker
 * @property {readonly ts.SourceFile[]} sources The files of src
 * @property {readonly ts.SourceFile[]} tests The files of test
 * @property {readonly string[]} entries The files of src that package.json exports
 * @property {(file: ts.SourceFile) => string} pathOf Returns the path of a file, from the project's folder
 */

/**
 * @typedef {object} Finding
 * @property {string} file The path, from the project's folder
 * @property {number} line
 * @property {string} message
 * @property {string} [key] Its name in allowed.json, if that can allow it
 */

const root = fileURLToPath(new URL('../../', import.meta.url))

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  strict: true,
  noUncheckedIndexedAccess: true,
  experimentalDecorators: true,
  skipLibCheck: true,
  noEmit: true,
}

/**
 * Returns the source file of a file that package.json exports: './dist/a.d.ts' is made of 'src/a.ts'.
 *
 * @param {string} types
 */
const sourceOf = (types) => types.replace(/^[.][/]dist/, 'src').replace(/[.]d[.]ts$/, '.ts')

/** Opens the project in this folder: src and test, with the names that tests import mapped to the sources. */
export function openProject() {
  const { name, exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const published = Object.entries(exports).filter(([, target]) => target.types)
  const paths = Object.fromEntries(
    published.map(([subpath, { types }]) => [name + subpath.slice(1), [root + sourceOf(types)]]),
  )
  const options = {
    ...OPTIONS,
    types: ['node', 'mocha'],
    paths: { '#src/*.js': [`${root}src/*.ts`], ...paths },
  }
  const files = ['src', 'test'].flatMap((folder) =>
    ts.sys.readDirectory(root + folder, ['.ts'], ['**/test/fixtures']),
  )
  const host = ts.createCompilerHost(options)
  host.getCurrentDirectory = () => root
  return projectOf(
    ts.createProgram({ rootNames: files, options, host }),
    published.map(([, { types }]) => sourceOf(types)),
  )
}

/** The files of the standard library, parsed once for all projects in memory. */
const libraries = new Map()

/**
 * Makes a project of texts, by their paths: for tests.
 *
 * @param {Readonly<Record<string, string>>} texts
 * @returns {Project}
 */
export function projectInMemory(texts) {
  const options = { ...OPTIONS, types: [], paths: { '#src/*.js': [`${root}src/*.ts`] } }
  const files = new Map(Object.entries(texts).map(([path, text]) => [root + path, text]))
  const host = ts.createCompilerHost(options)
  Object.assign(host, {
    getCurrentDirectory: () => root,
    fileExists: (path) => files.has(path),
    readFile: (path) => files.get(path),
    directoryExists: () => true,
    getSourceFile: (path, version) => {
      const text = files.get(path)
      if (text !== undefined) return ts.createSourceFile(path, text, version, true)
      if (!libraries.has(path)) {
        const library = ts.sys.readFile(path)
        libraries.set(path, library === undefined ? undefined : ts.createSourceFile(path, library, version))
      }
      return libraries.get(path)
    },
  })
  // Without a package.json, NodeNext takes a file for CommonJS: that changes nothing here.
  return projectOf(ts.createProgram({ rootNames: [...files.keys()], options, host }), ['src/index.ts'])
}

/**
 * @param {ts.Program} program
 * @param {readonly string[]} entries
 * @returns {Project}
 */
function projectOf(program, entries) {
  const pathOf = (file) => file.fileName.slice(root.length)
  const inside = (folder) =>
    program.getSourceFiles().filter((file) => file.fileName.startsWith(`${root}${folder}/`))
  return {
    program,
    checker: program.getTypeChecker(),
    sources: inside('src'),
    tests: inside('test'),
    entries,
    pathOf,
  }
}

/**
 * Visits a node and all nodes below it.
 *
 * @param {ts.Node} node
 * @param {(node: ts.Node) => void} visit
 */
export function walk(node, visit) {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/**
 * Returns the line of a node, from 1. Comments before the node do not count.
 *
 * @param {ts.Node} node
 */
export function lineOf(node) {
  const file = node.getSourceFile()
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/**
 * Lists the classes of some files.
 *
 * @param {readonly ts.SourceFile[]} files
 * @returns {readonly ts.ClassLikeDeclaration[]}
 */
export function classesIn(files) {
  const classes = []
  for (const file of files) {
    walk(file, (node) => {
      if (ts.isClassLike(node)) classes.push(node)
    })
  }
  return classes
}

/**
 * Returns the innermost class around a node.
 *
 * @param {ts.Node} node
 */
export const classAround = (node) => ts.findAncestor(node.parent, ts.isClassLike)

/**
 * Returns the name of a class or a class member. A private name keeps its '#'.
 *
 * @param {ts.NamedDeclaration} node
 */
export const nameOf = (node) => (node.name ? node.name.getText() : '(anonymous)')

/**
 * Returns the declarations that the entries of the package export: the public API.
 *
 * @param {Project} project
 * @returns {ReadonlySet<ts.Declaration>}
 */
export function publicDeclarations({ checker, sources, entries, pathOf }) {
  const declarations = new Set()
  for (const file of sources) {
    const module = entries.includes(pathOf(file)) && checker.getSymbolAtLocation(file)
    if (!module) continue
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      for (const declaration of target.declarations ?? []) declarations.add(declaration)
    }
  }
  return declarations
}
