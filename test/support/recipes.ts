import { mkdirSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { OnClose, OnError, WebSocketClient } from 'holdfast'
import type { Class } from 'holdfast'
import { codeBlocks, readDocument } from './markdown.js'
import { root } from './project.js'

const folder = new URL('.build/recipes/', root)

/** Recipes without a recording: integration/recipes.test.ts plays the messages that their API documents. */
export const DOCUMENTED = ['twitch', 'discord', 'slack', 'openai', 'bitget', 'phoenix']

/** Compiles and loads the class on a page of docs/recipes, unchanged. The tests of the snippets check its types. */
export async function recipe(name: string): Promise<Class> {
  const path = `docs/recipes/${name}.md`
  const [block] = codeBlocks(readDocument(path))
  if (!block) throw new Error(`${path} has no TypeScript block`)
  const { outputText } = ts.transpileModule('\n'.repeat(block.line - 1) + block.code, {
    fileName: `${name}.ts`,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  })
  const file = new URL(`${name}.js`, folder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, outputText)
  const found = Object.values((await import(file.href)) as Record<string, unknown>)
  if (typeof found[0] !== 'function' || found.length > 1)
    throw new Error(`${path} must export exactly one class`)
  return found[0] as Class
}

/** Sizes by price. */
export type Sides = Readonly<Record<'bids' | 'asks', ReadonlyMap<number, number>>>

/** Data that some recipes keep. */
interface RecipeClient {
  readonly prices?: ReadonlyMap<string, number>
  readonly quotes?: ReadonlyMap<string, unknown>
  readonly books?: { get(product: string): Sides | undefined }
}

/** A subclass of a recipe's class, and its record of calls and errors. The recipe itself is unchanged. */
export interface Observed {
  readonly client: Class<RecipeClient>
  /** Number of calls of each method that handles messages. */
  readonly calls: Readonly<Record<string, number>>
  /** Each error that reached `@OnError`. */
  readonly errors: readonly Error[]
}

type Method = (this: object, ...args: unknown[]) => unknown

/** Returns a subclass of a recipe's class that counts calls and collects errors. */
export function observed(base: Class): Observed {
  const calls: Record<string, number> = {}
  const errors: Error[] = []
  @WebSocketClient()
  class Observing extends base {
    @OnError()
    failed(error: Error): void {
      errors.push(error)
    }

    @OnClose()
    closed(): void {
      // The end is expected. Without this method, it would be logged.
    }
  }
  const methods = base.prototype as Record<string, Method>
  for (const name of Object.getOwnPropertyNames(methods)) {
    if (['constructor', 'opened', 'url'].includes(name)) continue
    const method = methods[name] as Method
    const counting: Method = function (...args) {
      calls[name] = (calls[name] ?? 0) + 1
      return method.apply(this, args)
    }
    Object.defineProperty(Observing.prototype, name, { value: counting })
  }
  return { client: Observing as Class<RecipeClient>, calls, errors }
}
