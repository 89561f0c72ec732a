// Finds interfaces that one class implements and that nothing else stands on: they turn an arrow around for the linter only.
import ts from 'typescript'
import { lineOf, nameOf, publicDeclarations, walk } from '../project.js'

/**
 * An interface is needed if tests import it, if the package exports it, if an object literal satisfies it, or if two classes do.
 *
 * @param {import('../project.js').Project} project
 * @param {import('../usage.js').Usage} usage
 * @returns {readonly import('../project.js').Finding[]}
 */
export function checkInterfaces(project, { satisfiers }) {
  const { sources, pathOf } = project
  const needed = new Set([...publicDeclarations(project), ...importedByTests(project)])
  const findings = []
  for (const file of sources) {
    for (const node of file.statements) {
      if (!ts.isInterfaceDeclaration(node) || needed.has(node)) continue
      const standIns = [...(satisfiers.get(node) ?? [])]
      const [only] = standIns
      if (standIns.length !== 1 || !only || !ts.isClassLike(only)) continue
      const key = nameOf(node)
      const message =
        `${key} is not a seam: only ${nameOf(only)} implements it, and no test uses it. ` +
        `Use the class, pass a function, or merge the two.`
      findings.push({ file: pathOf(file), line: lineOf(node), message, key })
    }
  }
  return findings
}

function importedByTests({ checker, tests }) {
  const declarations = []
  for (const file of tests)
    walk(file, (node) => {
      if (!ts.isImportSpecifier(node)) return
      const symbol = checker.getSymbolAtLocation(node.name)
      if (symbol) declarations.push(...(checker.getAliasedSymbol(symbol).declarations ?? []))
    })
  return declarations
}
