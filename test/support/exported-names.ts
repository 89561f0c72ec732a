import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { root } from './project.js'

interface Entry {
  readonly types?: string
}

/** Classes and types whose members the docs write with a lowercase name. */
const INSTANCES: Readonly<Record<string, string>> = {
  connection: 'Connection',
  client: 'Client',
}

/** Types of options objects. A lowercase name is a member of one of them, or an export. */
const OPTIONS = ['ClientOptions', 'ClientEntry']

const { exports, bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly exports: Readonly<Record<string, Entry | string>>
  readonly bin: { readonly holdfast: string }
}

/** Returns the types of all entry points, by the name under which they are imported: `holdfast/codecs`. */
function entryPoints(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(exports).flatMap(([path, entry]) =>
      typeof entry === 'string' || !entry.types
        ? []
        : [[path.replace('.', 'holdfast'), fileURLToPath(new URL(entry.types, root))] as const],
    ),
  )
}

/** Returns the options that the help of the command lists: `--insecure`. */
function commandOptions(): readonly string[] {
  const path = fileURLToPath(new URL(bin.holdfast, root))
  const help = execFileSync(process.execPath, [path, '--help'], { encoding: 'utf8' })
  return help.match(/(?<=^ {2}.{4})--[\w-]+/gm) ?? []
}

/** Knows every name that the package exports, and the members of the exported types. */
export class ExportedNames {
  readonly #checker: ts.TypeChecker
  readonly #entries = entryPoints()
  readonly #commandOptions = commandOptions()
  readonly #exports = new Map<string, ts.Type>()

  constructor() {
    const program = ts.createProgram([...this.#entries.values()], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      strict: true,
      skipLibCheck: true,
      types: ['node'],
    })
    this.#checker = program.getTypeChecker()
    for (const path of this.#entries.values()) {
      const file = program.getSourceFile(path)
      const module = file && this.#checker.getSymbolAtLocation(file)
      if (!module) throw new Error(`${path} exports nothing`)
      for (const symbol of this.#checker.getExportsOfModule(module))
        this.#exports.set(symbol.name, this.#typeOf(symbol))
    }
  }

  /**
   * Returns true for an option (`reconnect.maxDelay`), an export (`HandshakeError`), a member (`HandshakeError.status`,
   * `connection.send(data)`), a decorator (`@OnOpen()`), an entry point (`holdfast/codecs`), and an option of the command (`--insecure`).
   */
  has(name: string): boolean {
    if (this.#entries.has(name) || this.#commandOptions.includes(name)) return true
    const path = name.replace(/\(.*$/, '').replace(/^@/, '').split('.')
    const [first = '', ...members] = path
    const instance = INSTANCES[first]
    if (instance) return members.length > 0 && this.#hasMembers([this.#exported(instance)], members)
    if (this.#exports.has(first)) return this.#hasMembers([this.#exported(first)], members)
    return this.#hasMembers(
      OPTIONS.map((type) => this.#exported(type)),
      path,
    )
  }

  #exported(name: string): ts.Type {
    const type = this.#exports.get(name)
    if (!type) throw new Error(`${name} is not exported`)
    return type
  }

  /** Type of a class or an interface, of what an alias stands for, or of a value. */
  #typeOf(symbol: ts.Symbol): ts.Type {
    const target = symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
    return target.flags & ts.SymbolFlags.Type
      ? this.#checker.getDeclaredTypeOfSymbol(target)
      : this.#checker.getTypeOfSymbol(target)
  }

  /** Whether the path of members leads somewhere from one of the types. */
  #hasMembers(types: readonly ts.Type[], [name, ...rest]: readonly string[]): boolean {
    if (name === undefined) return true
    const found = types.flatMap((type) => this.#typesOfMember(type, name))
    return found.length > 0 && this.#hasMembers(found, rest)
  }

  #typesOfMember(type: ts.Type, name: string): readonly ts.Type[] {
    // Strings and functions have members, too: `heartbeat` and `tls` can be one.
    const parts = (type.isUnion() ? type.types : [type]).filter(
      (part) =>
        part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection) &&
        part.getCallSignatures().length === 0,
    )
    return parts.flatMap((part) => {
      const member = this.#checker.getPropertyOfType(part, name)
      return member ? [this.#checker.getNonNullableType(this.#checker.getTypeOfSymbol(member))] : []
    })
  }
}
