import { expect } from 'chai'
import { root } from '../support/project.js'
import { compile } from './compile.js'
import { runSnippets } from './runner.js'
import type { Kind, Snippet } from './snippet.js'

const FEED = `
import { bootstrap, OnMessage, WebSocketClient } from 'holdfast'

@WebSocketClient({ url: 'wss://feed.example.com' })
class Feed {
  @OnMessage('ticker')
  tick({ price }: { price: number }) {
    console.log(price) // 64250.5
  }
}
`

/** Snippets with the failures that they have to have. */
const PLANTED: readonly (readonly [what: string, kind: Kind, code: string, failures: RegExp | undefined])[] =
  [
    ['a right claim', 'run', 'console.log({ a: [1] }) // { a: [ 1 ] }', undefined],
    ['a wrong claim', 'run', 'console.log(6 * 7) // 54', /^plant[.]md:1 is wrong: expected 54, received 42$/],
    [
      'a line never run',
      'run',
      'if (process.pid < 0)\n  console.log(1) // 1',
      /^plant[.]md:2 never printed: expected 1$/,
    ],
    ['an error', 'run', "throw new Error('broken')", /ended its process with code 1[^]*broken/],
    [
      'a program without an end',
      'run',
      'setInterval(() => {}, 1_000)',
      /did not end by itself: open are .*Timeout/,
    ],
    ['fetch', 'run', "console.log((await fetch('https://a.example.com/')).status) // 200", undefined],
    [
      'a fetch from outside',
      'run',
      "await fetch('https://example.org/')",
      /Cannot fetch https:\/\/example[.]org\//,
    ],
    [
      'a socket to the outside',
      'run',
      "import net from 'node:net'\nnet.connect(80, 'example.org').on('error', () => {})",
      /Cannot connect to example[.]org:80: no script names the host/,
    ],
    [
      'a name from outside',
      'run',
      "import { lookup } from 'node:dns'\nlookup('example.org', () => {})",
      /Cannot look up example[.]org/,
    ],
    ['a client', 'client', FEED, undefined],
    [
      'a client with a wrong claim',
      'client',
      FEED.replace('// 64250.5', '// 41000'),
      /:7 is wrong: expected 41000, received 64250[.]5$/,
    ],
    [
      'a handler without a message',
      'client',
      FEED.replace("'ticker'", "'candle'"),
      /Feed never called Feed#tick/,
    ],
    [
      'a handler that throws',
      'client',
      FEED.replace('console.log(price)', 'throw Error(`at ${price}`)'),
      /at 64250[.]5/,
    ],
    [
      'a client outside',
      'client',
      FEED.replace('.com', '.org'),
      /Cannot connect to feed[.]example[.]org:443/,
    ],
    ['no client', 'client', 'export const a = 1', /has no client class/],
    [
      'a function that starts a client',
      'function',
      `${FEED}export const start = () => bootstrap(Feed)`,
      undefined,
    ],
    [
      'a function that calls',
      'function',
      "import type { Connection } from 'holdfast'\nexport async function ask(connection: Connection) {\n  console.log(await connection.request({ method: 'a' })) // { id: 1, result: {} }\n}",
      undefined,
    ],
    [
      'a function that rejects',
      'function',
      "export const f = () => Promise.reject(new Error('no'))",
      /Error: no/,
    ],
    ['no function', 'function', 'export const a = 1', /exports no function/],
  ]

describe('The runner of snippets', function () {
  this.timeout(60_000)
  const folder = new URL('.build/planted-snippets/', root)
  // Each snippet is a page, so that none hides the failures of another.
  const snippets = PLANTED.map(([, kind, code], index): Snippet => {
    return { page: `plant${index}.md`, line: 1, kind, code: `${code.trimStart()}\n` }
  })
  let failures: ReadonlyMap<Snippet, readonly string[]> = new Map()
  let complaints: readonly string[] = []

  before(async () => {
    complaints = await compile(folder, snippets)
    failures = await runSnippets(folder, snippets, 8_000)
  })

  it('compiles them', () => {
    expect(complaints).to.deep.equal([])
  })

  PLANTED.forEach(([what, kind, , expected], index) => {
    it(`${expected ? 'reports' : 'accepts'} ${what} (${kind})`, () => {
      const found = (failures.get(snippets[index]!) ?? ['was not run'])
        .join('\n')
        .replaceAll(/plant\d+/g, 'plant')
      if (expected) expect(found).to.match(expected)
      else expect(found).to.equal('')
    })
  })
})
