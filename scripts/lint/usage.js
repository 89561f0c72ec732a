// Records the uses of each declaration of src, and the classes and object literals that are used as an interface.
import ts from 'typescript'
import { classAround, classesIn, walk } from './project.js'

/**
 * @typedef {object} Use
 * @property {ts.Node} node
 * @property {boolean} isTest
 */

/**
 * @typedef {object} Usage
 * @property {ReadonlyMap<ts.Declaration, readonly Use[]>} uses Of each declaration of src that has a name
 * @property {ReadonlyMap<ts.Declaration, ReadonlySet<ts.Node>>} satisfiers The classes and object literals that are used as this
 *   interface
 * @property {ReadonlyMap<ts.ClassLikeDeclaration, ReadonlySet<ts.Type>>} roles The types that a class extends, implements or is used as
 */

/**
 * Reads the whole program once.
 *
 * @param {import('./project.js').Project} project
 * @returns {Usage}
 */
export function usageOf(project) {
  const { checker, sources, tests } = project
  const satisfiers = new Map()
  const roles = new Map()
  const uses = new Map()
  const names = namesOf(sources)
  for (const [files, isTest] of [
    [sources, false],
    [tests, true],
  ]) {
    for (const type of classesIn(files)) addHeritage(type)
    for (const file of files) {
      walk(file, (node) => {
        if (ts.isExpression(node)) addSatisfier(node)
        if (isReference(node) && names.has(node.text)) addUse(node, isTest)
      })
    }
  }
  return { uses, satisfiers, roles }

  function addHeritage(type) {
    for (const { types } of type.heritageClauses ?? [])
      for (const base of types) play(checker.getTypeAtLocation(base), type)
  }

  function play(role, type) {
    for (const part of role.isUnion() ? role.types : [role]) add(roles, type, part)
    satisfy(role, type)
  }

  /** Records that a class or an object literal is used as each interface that a type consists of. */
  function satisfy(type, satisfier) {
    for (const part of type.isUnionOrIntersection() ? type.types : [type]) {
      for (const declaration of part.symbol?.declarations ?? []) {
        if (!ts.isInterfaceDeclaration(declaration) && !ts.isTypeLiteralNode(declaration)) continue
        if (satisfiers.get(declaration)?.has(satisfier)) continue
        add(satisfiers, declaration, satisfier)
        // A use of an interface is also a use of the interfaces that it extends.
        for (const base of part.isClassOrInterface() ? (part.getBaseTypes?.() ?? []) : [])
          satisfy(base, satisfier)
      }
    }
  }

  function addSatisfier(node) {
    // The compiler fails when asked for the context of a decorator on a private method.
    if (ts.isDecorator(node.parent)) return
    const isLiteral = ts.isObjectLiteralExpression(node)
    if (!isLiteral && !canBeInstance(node)) return
    const context = checker.getContextualType(node)
    if (!context) return
    if (isLiteral) {
      satisfy(context, node)
      return
    }
    const type = checker.getTypeAtLocation(node)
    const instance = checker.getBaseConstraintOfType(type) ?? type
    for (const part of instance.isUnionOrIntersection() ? instance.types : [instance])
      for (const declaration of part.symbol?.declarations ?? [])
        if (ts.isClassLike(declaration)) play(context, declaration)
  }

  function addUse(node, isTest) {
    for (const declaration of declarationsAt(node)) {
      if (declaration.name === node || !declaration.getSourceFile().fileName.includes('/src/')) continue
      uses.set(declaration, [...(uses.get(declaration) ?? []), { node, isTest }])
    }
  }

  function declarationsAt(node) {
    const { parent } = node
    const symbols = [checker.getSymbolAtLocation(node)]
    if (ts.isShorthandPropertyAssignment(parent))
      symbols.push(checker.getShorthandAssignmentValueSymbol(parent))
    // `const { a } = value`: the property, too.
    if (ts.isBindingElement(parent) && (parent.propertyName ?? parent.name) === node)
      symbols.push(checker.getTypeAtLocation(parent.parent).getProperty(node.text))
    return symbols.flatMap((symbol) => {
      if (!symbol) return []
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      return target.declarations ?? []
    })
  }
}

/** The names declared in src, so that other identifiers need not be resolved. */
function namesOf(sources) {
  const names = new Set()
  for (const file of sources)
    walk(file, (node) => {
      const { name } = node
      if (name && (ts.isIdentifier(name) || ts.isStringLiteral(name))) names.add(name.text)
    })
  return names
}

/** An import or export of a name does not use it yet. */
function isReference(node) {
  if (ts.isStringLiteral(node))
    return ts.isElementAccessExpression(node.parent) || ts.isLiteralTypeNode(node.parent)
  return (
    ts.isIdentifier(node) &&
    !ts.isImportSpecifier(node.parent) &&
    !ts.isExportSpecifier(node.parent) &&
    !ts.isImportClause(node.parent)
  )
}

const INSTANCES = new Set([
  ts.SyntaxKind.ThisKeyword,
  ts.SyntaxKind.Identifier,
  ts.SyntaxKind.PropertyAccessExpression,
  ts.SyntaxKind.NewExpression,
  ts.SyntaxKind.CallExpression,
  ts.SyntaxKind.AwaitExpression,
])

/** Whether an expression can have an object of a class as its value. */
function canBeInstance(node) {
  return INSTANCES.has(node.kind)
}

function add(sets, key, value) {
  sets.set(key, (sets.get(key) ?? new Set()).add(value))
}

/**
 * Returns whether a use stands in another class than the member that it uses.
 *
 * @param {ts.Node} use
 * @param {ts.ClassLikeDeclaration} type
 */
export function isOutside(use, type) {
  for (let around = classAround(use); around; around = classAround(around)) if (around === type) return false
  return true
}
