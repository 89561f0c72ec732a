// ESLint rules that check English: one for comments and strings of code, one for Markdown.
import { heavySentencesOf, plainText, violationsOf } from './expressions.js'

/** @typedef {import('eslint').Rule.RuleModule} Rule */

const META = { type: 'suggestion', schema: [], messages: { style: '{{violation}}' } }

/** A doc comment starts with a verb or with a noun phrase. */
const LOOSE_START = /^(?:What|How|So|Where|Who|Whether it)\b/

/**
 * Checks comments, string literals and template literals against the style sheet.
 *
 * @type {Rule}
 */
export const prose = {
  meta: META,
  create(context) {
    const { sourceCode } = context
    const report = (loc, violations) => {
      for (const violation of violations) context.report({ loc, messageId: 'style', data: { violation } })
    }
    return {
      Program() {
        for (const { text, loc, isDoc } of commentsOf(sourceCode)) {
          report(loc, violationsOf(text))
          report(loc, heavySentencesOf(text))
          const [start] = LOOSE_START.exec(text) ?? []
          if (isDoc && start) report(loc, [`"${start}": Start a doc comment with a verb or a noun.`])
        }
      },
      Literal({ value, loc }) {
        if (typeof value === 'string' && value.includes(' ')) report(loc, violationsOf(plainText(value)))
      },
      TemplateLiteral({ quasis, loc }) {
        const text = plainText(quasis.map(({ value }) => value.cooked).join('CODE'))
        if (text.includes(' ')) report(loc, violationsOf(text))
      },
    }
  },
}

/** Lists the paragraphs of comments. Line comments below each other are one comment. Code blocks are left out. */
function commentsOf(sourceCode) {
  const groups = []
  for (const comment of sourceCode.getAllComments()) {
    const last = groups.at(-1)
    if (last && continues(comment, last, sourceCode)) {
      last.value += `\n${comment.value}`
      last.loc = { start: last.loc.start, end: comment.loc.end }
    } else groups.push({ type: comment.type, value: comment.value, loc: comment.loc, range: comment.range })
  }
  return groups.flatMap(paragraphsOf)
}

/** Whether a line comment stands below another one, both without code on their line. */
function continues(comment, last, sourceCode) {
  const isAlone = ({ range, loc }) =>
    /^\s*$/.test(sourceCode.text.slice(range[0] - loc.start.column, range[0]))
  return (
    comment.type === 'Line' &&
    last.type === 'Line' &&
    comment.loc.start.line === last.loc.end.line + 1 &&
    isAlone(comment) &&
    isAlone(last)
  )
}

function paragraphsOf({ type, value, loc }) {
  const isDoc = type === 'Block' && value.startsWith('*')
  const lines = value
    .replace(/^\*/, '')
    .replace(/^\s*\* ?/gm, '')
    .replace(/^```[^]*?^```/gm, '')
  return lines
    .split(/\n\s*\n|\n(?=\s*(?:@\w+|[-*] ))/)
    .map((paragraph, index) => ({
      // A tag, the type of a parameter and its name are not part of the sentence.
      text: plainText(paragraph.replace(/^\s*@\w+(?: \{[^}]*\})?(?: \w+(?= ))?/, '')),
      isDoc: isDoc && index === 0,
      loc,
    }))
    .filter(({ text }) => text.includes(' ') && !/^(?:eslint|c8|prettier|@ts-)/.test(text))
}

/**
 * Checks the headings, paragraphs and table cells of Markdown against the style sheet.
 *
 * @type {Rule}
 */
export const proseMarkdown = {
  meta: META,
  create(context) {
    const check = (isSentence) => (node) => {
      const text = plainText(textOf(node))
      const violations = [...violationsOf(text), ...(isSentence ? heavySentencesOf(text) : [])]
      for (const violation of violations)
        context.report({ loc: node.position, messageId: 'style', data: { violation } })
    }
    return { paragraph: check(true), heading: check(false), tableCell: check(true) }
  },
}

/** Returns the words of a node of Markdown, with its code replaced. */
function textOf(node) {
  if (node.type === 'inlineCode') return 'CODE'
  if (node.type === 'html') return ''
  if (node.type === 'break') return ' '
  return node.value ?? (node.children ?? []).map(textOf).join('')
}
