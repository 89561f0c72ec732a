import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from './project.js'

type Declaration = ts.ClassDeclaration | ts.InterfaceDeclaration

/** Finds a class or an interface in a compiled declaration file, from which everything internal has been stripped. */
function findDeclaration(path: string, name: string): Declaration {
  const text = readFileSync(new URL(path, root), 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const found = file.statements.find(
    (statement): statement is Declaration =>
      (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement)) &&
      statement.name?.text === name,
  )
  if (!found) throw new Error(`${path} does not declare ${name}`)
  return found
}

function parametersOf({ parameters }: ts.MethodDeclaration | ts.MethodSignature): string {
  const names = parameters.map(({ name, questionToken }) => {
    const shown = ts.isIdentifier(name) ? name.text : 'options'
    return questionToken ? `${shown}?` : shown
  })
  return `(${names.join(', ')})`
}

/** Lists the public members of a class or an interface as a page shows them: `state`, `close(code?, reason?)`. */
export function declaredMembers(path: string, name: string): readonly string[] {
  return findDeclaration(path, name).members.flatMap((member) => {
    if (!member.name || !ts.isIdentifier(member.name)) return []
    const isMethod = ts.isMethodDeclaration(member) || ts.isMethodSignature(member)
    return isMethod ? member.name.text + parametersOf(member) : member.name.text
  })
}
