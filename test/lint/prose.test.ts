import { expect } from 'chai'
import markdown from '@eslint/markdown'
import { Linter } from 'eslint'
import type { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { housePlugin } from '../support/house-plugin.js'

describe('The prose lint', () => {
  let house: ESLint.Plugin

  before(async () => {
    house = await housePlugin()
  })

  /** Returns the complaints about a piece of TypeScript. */
  function inCode(code: string): readonly string[] {
    const messages = new Linter().verify(code, {
      languageOptions: { parser: tseslint.parser },
      plugins: { house },
      rules: { 'house/prose': 'error' },
    })
    return messages.map(({ message }) => message)
  }

  /** Returns the complaints about a piece of Markdown, each after its line. */
  function inMarkdown(text: string): readonly string[] {
    const messages = new Linter().verify(
      text,
      {
        files: ['**/*.md'],
        plugins: { house, markdown: markdown as unknown as ESLint.Plugin },
        language: 'markdown/gfm',
        rules: { 'house/prose-markdown': 'error' },
      },
      'page.md',
    )
    return messages.map(({ line, message }) => `${line}: ${message}`)
  }

  /** One planted sentence for each of the nineteen expressions. */
  const PLANTED = [
    'What the handler returns is sent.',
    'It waits until somebody reads.',
    'Subscriptions are said again.',
    'The handler is told.',
    'It sends so many messages.',
    'This is no provider.',
    'It connects anew.',
    'It waits, for nothing has arrived.',
    'It takes some 4 percent.',
    'Use a codec of your own.',
    'A request is under way.',
    'Holdfast cuts the line.',
    'The peer was taken for dead.',
    'The reply comes too late.',
    'It hands over the message.',
    'The function is asked.',
    'It works, where there is a socket.',
    'The peer has not answered.',
    'Its patience ends.',
  ]

  for (const sentence of PLANTED) {
    it(`reports in comments, strings, templates and Markdown: ${sentence}`, () => {
      expect(inCode(`// ${sentence}`), 'a comment').to.have.length(1)
      expect(inCode(`f('${sentence}')`), 'a string').to.have.length(1)
      expect(inCode(`f(\`\${x}. ${sentence}\`)`), 'a template').to.have.length(1)
      expect(inMarkdown(sentence), 'a paragraph').to.have.length(1)
    })
  }

  it('accepts plain sentences', () => {
    const text = 'Messages sent inside `@OnOpen` go out immediately.'
    expect([...inCode(`// ${text}`), ...inCode(`f('${text}')`), ...inMarkdown(text)]).to.deep.equal([])
  })

  it('joins the lines in a comment and in a paragraph', () => {
    const code = '// A request is under\n// way.'
    expect(inCode(code)).to.have.length(1)
    expect(inCode('/**\n * A request is under\n * way.\n */')).to.have.length(1)
    expect(inMarkdown('A request is under\nway.')).to.deep.equal([
      '1: "under way": Write "pending" or "in flight".',
    ])
  })

  it('keeps comments on different statements apart, and the paragraphs in one comment', () => {
    expect(inCode('f() // A request is under\n// way.')).to.deep.equal([])
    expect(inCode('/**\n * A request is under\n *\n * way.\n */')).to.deep.equal([])
  })

  it('does not read code', () => {
    expect(inMarkdown('Call `whoever()`.\n\n```ts\n// What is sent.\n```\n')).to.deep.equal([])
    expect(inCode('/** Calls `whoever()`.\n * ```ts\n * somebody()\n * ```\n */')).to.deep.equal([])
  })

  it('reports headings and table cells', () => {
    expect(inMarkdown('# Requests under way')).to.have.length(1)
    expect(inMarkdown('| a |\n| - |\n| under way |\n')).to.have.length(1)
  })

  it('reports a sentence with more than 35 words, and a sentence with two colons', () => {
    const words = (count: number): string => `It ${'very '.repeat(count - 2)}works.`
    expect(inMarkdown(words(35))).to.deep.equal([])
    expect(inMarkdown(words(36))).to.have.length(1)
    expect(inCode(`// ${words(36)}`)).to.have.length(1)
    expect(inMarkdown('It works: always: here.')).to.have.length(1)
    expect(inMarkdown('It works: always. It runs: here.')).to.deep.equal([])
  })

  it('reports a doc comment that does not start with a verb or a noun', () => {
    expect(inCode('/** How long it waits. */')).to.deep.equal([
      '"How": Start a doc comment with a verb or a noun.',
    ])
    expect(inCode('/** Duration of the wait. */')).to.deep.equal([])
    expect(inCode('// How long it waits depends on the peer.')).to.deep.equal([])
  })
})
