// Finds class members and exports of src that src does not use. Knip finds unused exports, but it does not check members, and it
// counts a test as a user.
import ts from 'typescript'
import { classesIn, lineOf, nameOf, publicDeclarations } from '../project.js'
import { isOutside } from '../usage.js'

/** Code for tests: its users are tests. */
const FOR_TESTS = 'src/testing/'

/**
 * @param {import('../project.js').Project} project
 * @param {import('../usage.js').Usage} usage
 * @returns {readonly import('../project.js').Finding[]}
 */
export function checkUnused(project, usage) {
  const published = publicDeclarations(project)
  return [
    ...classesIn(project.sources).flatMap((type) => checkMembers(project, usage, published, type)),
    ...project.sources.flatMap((file) => checkExports(project, usage, published, file)),
  ]
}

function checkMembers({ sources, pathOf }, { uses, roles }, published, type) {
  const file = pathOf(type.getSourceFile())
  const members = type.members.flatMap((member) =>
    ts.isConstructorDeclaration(member) ? member.parameters.filter(isField) : [member],
  )
  const byName = groupBy(members.filter(isVisible), nameOf)
  return [...byName].flatMap(([name, declarations]) => {
    const related = [...declarations, ...inherited(name)]
    if (related.some(isPublic)) return []
    const found = related.flatMap((declaration) => uses.get(declaration) ?? [])
    const outside = found.filter(({ node }) => isOutside(node, type))
    if (outside.some(({ isTest }) => !isTest || file.startsWith(FOR_TESTS))) return []
    const key = `${nameOf(type)}.${name}`
    const isUsedInside = found.length > outside.length
    return [
      { file, line: lineOf(declarations[0]), message: messageOf(key, outside.length > 0, isUsedInside), key },
    ]
  })

  /** The members of the same name in all that the class extends, implements or is used as. */
  function inherited(name) {
    return [...(roles.get(type) ?? [])].flatMap((role) => role.getProperty(name)?.declarations ?? [])
  }

  /** The exports of the package, and declarations of other packages. Their users are elsewhere. */
  function isPublic(declaration) {
    const owner = ts.isParameter(declaration) ? declaration.parent.parent : declaration.parent
    if (!sources.includes(declaration.getSourceFile())) return true
    return published.has(owner) && !isInternal(declaration)
  }
}

function messageOf(key, isTested, isUsedInside) {
  if (isTested && isUsedInside)
    return `${key} is public for tests only: no other class of src uses it. Test it by what it does, and make it private.`
  if (isTested) return `${key} is dead code: only tests use it. Remove it, and the tests of it.`
  if (isUsedInside) return `${key} is used in its own class only. Make it #private.`
  return `${key} is dead code: nothing uses it. Remove it.`
}

function checkExports({ checker, pathOf }, { uses }, published, file) {
  const module = checker.getSymbolAtLocation(file)
  const path = pathOf(file)
  if (!module || path.startsWith(FOR_TESTS)) return []
  return checker.getExportsOfModule(module).flatMap((symbol) => {
    const [declaration] = symbol.declarations ?? []
    if (!declaration || ts.isExportSpecifier(declaration) || published.has(declaration)) return []
    const found = symbol.declarations.flatMap((node) => uses.get(node) ?? [])
    const isDead = found.every(({ node, isTest }) => isTest || isWithin(node, symbol.declarations))
    if (!isDead || !found.some(({ isTest }) => isTest)) return []
    const key = symbol.name
    return [
      {
        file: path,
        line: lineOf(declaration),
        key,
        message: `${key} is dead code: only tests use it. Remove it, and the tests of it.`,
      },
    ]
  })
}

const isWithin = (node, declarations) =>
  declarations.some((declaration) => ts.findAncestor(node, (around) => around === declaration))

const isField = (parameter) => ts.isParameterPropertyDeclaration(parameter, parameter.parent)

/** Computed names are those of protocols, such as [Symbol.asyncIterator]. A decorated member is used through its decorator. */
function isVisible({ name, modifiers }) {
  if (modifiers?.some(ts.isDecorator)) return false
  if (!name || (!ts.isIdentifier(name) && !ts.isStringLiteral(name))) return false
  return !modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
}

const isInternal = (declaration) =>
  ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal')

/** Map.groupBy() came with Node 21. */
function groupBy(values, keyOf) {
  const groups = new Map()
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value])
  return groups
}
