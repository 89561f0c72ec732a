// Counts the members of a class that only pass a call on. Many of them are hops that decide nothing.
import ts from 'typescript'
import { classesIn, lineOf, nameOf } from '../project.js'

/** A class without an entry in forwarding.json may have this many. */
export const MOST_FORWARDING = 3

/**
 * Compares the forwarding members of each class with the numbers in forwarding.json, which may only shrink.
 *
 * @param {import('../project.js').Project} project
 * @param {import('../allowances.js').Allowances} baseline The number of each class, by its name
 * @returns {readonly import('../project.js').Finding[]}
 */
export function checkForwarding({ sources, pathOf }, baseline) {
  const classes = classesIn(sources)
  const names = new Set(classes.map(nameOf))
  const gone = Object.keys(baseline.entries)
    .filter((name) => !names.has(name))
    .map((name) => inBaseline(name, `${name} is not a class of src. Remove its entry, or rename it.`))
  return [...gone, ...classes.flatMap(check)]

  function check(node) {
    const name = nameOf(node)
    const members = node.members.filter(isForwarding)
    const recorded = baseline.entries[name]
    const most = recorded ?? MOST_FORWARDING
    if (members.length > most) {
      const names = members.map(nameOf).join(', ')
      const message =
        `${name} has ${members.length} members that only pass a call on: expected at most ${most} (${names}). ` +
        `Let callers use the inner object, or move the decision here.`
      return [{ file: pathOf(node.getSourceFile()), line: lineOf(node), message }]
    }
    if (recorded === undefined) return []
    if (recorded <= MOST_FORWARDING) {
      const why = `every class may have ${MOST_FORWARDING} members that only pass a call on`
      return [inBaseline(name, `The entry of ${name} is not needed: ${why}. Remove it.`)]
    }
    if (members.length === recorded) return []
    const fix =
      members.length > MOST_FORWARDING ? `Lower the number to ${members.length}` : 'Remove its entry'
    return [
      inBaseline(
        name,
        `${name} has ${members.length} members that only pass a call on, not ${recorded}. ${fix}.`,
      ),
    ]
  }

  function inBaseline(name, message) {
    return { file: baseline.path, line: baseline.lineOf(name), message }
  }
}

/**
 * Returns whether the whole body of a member is one call, property access or assignment on another object, with nothing but the
 * member's own parameters and `this` as arguments.
 *
 * @param {ts.ClassElement} member
 */
function isForwarding(member) {
  const code = ts.isPropertyDeclaration(member) ? member.initializer : member
  if (!code || !(ts.isArrowFunction(code) || ts.isMethodDeclaration(code) || ts.isAccessor(code)))
    return false
  const body = bodyOf(code.body)
  if (!body) return false
  const parameters = new Set(code.parameters.map((parameter) => parameter.name.getText()))
  if (ts.isCallExpression(body))
    return isInnerAccess(body.expression) && body.arguments.every((argument) => isOwn(argument, parameters))
  if (ts.isBinaryExpression(body))
    return (
      body.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      isInnerAccess(body.left) &&
      isOwn(body.right, parameters)
    )
  return isInnerAccess(body)
}

/** Returns the only expression of a body, without the wrapping that changes nothing. */
function bodyOf(body) {
  if (!body) return undefined
  if (!ts.isBlock(body)) return unwrap(body)
  const [statement] = body.statements
  if (body.statements.length !== 1 || !statement) return undefined
  if (!ts.isReturnStatement(statement) && !ts.isExpressionStatement(statement)) return undefined
  return statement.expression && unwrap(statement.expression)
}

function unwrap(node) {
  const isWrapping =
    ts.isParenthesizedExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isVoidExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isAsExpression(node)
  return isWrapping ? unwrap(node.expression) : node
}

/** `this.inner.property`, or a longer chain: an access to an object that this one holds. */
function isInnerAccess(node) {
  return ts.isPropertyAccessExpression(node) && isHeld(unwrap(node.expression))
}

function isHeld(node) {
  if (!ts.isPropertyAccessExpression(node)) return false
  const inner = unwrap(node.expression)
  return inner.kind === ts.SyntaxKind.ThisKeyword || isHeld(inner)
}

function isOwn(argument, parameters) {
  const value = ts.isSpreadElement(argument) ? argument.expression : argument
  return value.kind === ts.SyntaxKind.ThisKeyword || parameters.has(value.getText())
}
