import { expect } from 'chai'
import { helpText } from '#src/cli/help.js'
import { OPTION_ROWS } from '#src/cli/option-table.js'
import { readDocument, tableBelow } from '../support/markdown.js'

describe('helpText', () => {
  it('fits into 80 columns', () => {
    const wide = helpText()
      .split('\n')
      .filter((line) => line.length > 80)
    expect(wide).to.deep.equal([])
  })

  it('lists every option with a space before its description', () => {
    for (const { name, help } of OPTION_ROWS)
      expect(helpText()).to.match(new RegExp(`--${name}\\b.* ${escaped(help)}\n`))
  })

  it('ends with a line feed', () => {
    expect(helpText()).to.match(/[^\n]\n$/)
  })

  it('has the same options as the table in docs/command-line.md, in the same order', () => {
    const rows = tableBelow(readDocument('docs/command-line.md'), '<!-- command-line options -->')
    const listed = rows.map(({ option = '' }) => option.replaceAll('`', ''))
    const options = OPTION_ROWS.map(
      ({ name, short, value }) =>
        `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`,
    )
    expect(listed).to.deep.equal(options)
  })
})

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
