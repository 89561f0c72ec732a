// Finds fields that another class writes. Readers of the class that declares them do not expect that.
import ts from 'typescript'
import { classAround, lineOf, nameOf, walk } from '../project.js'
import { isOutside } from '../usage.js'

/**
 * A write through a setter is a call: the class that declares it decides what happens. It does not count.
 *
 * @param {import('../project.js').Project} project
 * @param {import('../usage.js').Usage} usage
 * @returns {readonly import('../project.js').Finding[]}
 */
export function checkForeignWrites({ checker, sources, pathOf }, { satisfiers }) {
  const findings = []
  for (const file of sources) {
    walk(file, (node) => {
      if (!isWritten(node) || node.expression.kind === ts.SyntaxKind.ThisKeyword) return
      const writer = classAround(node)
      for (const [owner, field] of ownersOf(node)) {
        if (!isOutside(node, owner)) continue
        const by = writer ? nameOf(writer) : pathOf(file)
        const key = `${by} writes ${nameOf(owner)}.${field}`
        const message = `${key}: a field is written by its own class only. Add a method to ${nameOf(owner)}, and call it.`
        findings.push({ file: pathOf(file), line: lineOf(node), message, key })
      }
    })
  }
  return findings

  /** Returns each class of src that declares the field, itself or by an interface that it implements. */
  function ownersOf(target) {
    const name = ts.isPropertyAccessExpression(target) ? target.name : target.argumentExpression
    const owners = new Map()
    for (const declaration of checker.getSymbolAtLocation(name)?.declarations ?? []) {
      const { parent } = declaration
      if (ts.isPropertyDeclaration(declaration)) owners.set(parent, name.text)
      else if (ts.isParameter(declaration) && ts.isConstructorDeclaration(parent))
        owners.set(parent.parent, name.text)
      else if (ts.isPropertySignature(declaration) && isOfSource(parent))
        for (const satisfier of satisfiers.get(parent) ?? [])
          if (ts.isClassLike(satisfier)) owners.set(satisfier, name.text)
    }
    return [...owners].filter(([owner]) => isOfSource(owner))
  }

  function isOfSource(node) {
    return sources.includes(node.getSourceFile())
  }
}

/** Whether a node is a property access that is assigned to, counted up or down, or deleted. */
function isWritten(node) {
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return false
  let { parent } = node
  if (ts.isDeleteExpression(parent)) return true
  if (ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent))
    return (
      parent.operator === ts.SyntaxKind.PlusPlusToken || parent.operator === ts.SyntaxKind.MinusMinusToken
    )
  // `[object.field] = values` and `({ a: object.field } = value)`.
  let target = node
  while (
    ts.isArrayLiteralExpression(parent) ||
    ts.isObjectLiteralExpression(parent) ||
    (ts.isPropertyAssignment(parent) && parent.initializer === target)
  )
    [target, parent] = [parent, parent.parent]
  return (
    ts.isBinaryExpression(parent) &&
    parent.left === target &&
    parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment
  )
}
