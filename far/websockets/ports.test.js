import { expect } from 'chai'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { disposal } from '../../.build/test/support/disposal.js'
import { eventually } from '../../.build/test/support/eventually.js'
import { pathOf, startPythonServer } from './python-server.js'

/** Prices of the three connections that server.py accepts. */
const PRICES = [100, 101, 102, 200, 201, 202, 300, 301, 302]

/** Compiles a script next to its source, so that it finds the packed package. Removes the output when disposed. */
function compile(name) {
  const { outputText } = ts.transpileModule(readFileSync(pathOf(`${name}.ts`), 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
    },
  })
  const path = pathOf(`${name}.compiled.mjs`)
  writeFileSync(path, outputText)
  return { path, [Symbol.asyncDispose]: async () => rmSync(path) }
}

function linesOfCode(file) {
  return readFileSync(pathOf(file), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '').length
}

function pricesIn(lines) {
  return lines.flatMap((line) => (line.startsWith('price ') ? [Number(line.slice(6))] : []))
}

/** A running program, and the lines that it has printed so far. */
class Program {
  lines = []
  #child

  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout.setEncoding('utf8')
    let text = ''
    this.#child.stdout.on('data', (chunk) => {
      text += chunk
      this.lines = text.split('\n').slice(0, -1)
    })
  }

  /** Waits until it has printed all prices, and returns all lines. */
  async untilDone() {
    await eventually(
      'all prices have been printed',
      () => pricesIn(this.lines).length >= PRICES.length,
      60_000,
    )
    return this.lines
  }

  async [Symbol.asyncDispose]() {
    this.#child.kill('SIGKILL')
  }
}

/** Returns true if the packages of a script are installed, in a version with the parameters that the script uses. */
function isRunnable(check) {
  return spawnSync(process.env['PYTHON'], ['-c', check]).status === 0
}

const SCRIPTS = [
  {
    name: 'callback-client',
    options: { garbage: true },
    check:
      'import inspect, websocket; inspect.signature(websocket.WebSocketApp.run_forever).parameters["reconnect"]',
    lines: [
      ...['error DecodeError', 'price 100', 'price 101', 'price 102', 'closed 1006 '],
      ...['error DecodeError', 'price 200', 'price 201', 'price 202', 'closed 1011 restart'],
      ...['error DecodeError', 'price 300', 'price 301', 'price 302'],
    ],
  },
  {
    name: 'reconnect-loop',
    options: {},
    check: 'import websockets',
    lines: [
      ...['price 100', 'price 101', 'price 102', 'lost'],
      ...['price 200', 'price 201', 'price 202', 'lost'],
      ...['price 300', 'price 301', 'price 302'],
    ],
  },
]

for (const { name, options, check, lines } of SCRIPTS) {
  describe(`The script ${name}, ported from Python`, function () {
    this.timeout(90_000)
    const use = disposal()

    /** Runs a program against a new server, until it has printed all prices. */
    async function linesOf(command, ...args) {
      const { port } = use(await startPythonServer({ role: 'prices', ...options }))
      const program = use(new Program(command, [...args, `ws://127.0.0.1:${port}`]))
      return program.untilDone()
    }

    it('prints every price, error, and loss over three connections', async () => {
      const { path } = use(compile(name))
      expect(await linesOf(process.execPath, path)).to.deep.equal(lines)
    })

    it('prints the same prices as the original', async function () {
      if (!isRunnable(check)) return this.skip()
      const printed = await linesOf(process.env['PYTHON'], '-u', pathOf(`${name}.py`))
      expect(pricesIn(printed)).to.deep.equal(PRICES)
      expect(pricesIn(lines)).to.deep.equal(PRICES)
    })

    it('has no more lines than the original', () => {
      expect(linesOfCode(`${name}.ts`)).to.be.at.most(linesOfCode(`${name}.py`))
    })
  })
}
