import { styleText } from 'node:util'
import type { Paint, TokenKind } from './json-text.js'

type Style = Parameters<typeof styleText>[0]

const JSON_STYLES: Readonly<Record<TokenKind, Style | undefined>> = {
  key: 'blue',
  string: 'green',
  number: 'yellow',
  word: 'magenta',
  mark: undefined,
}

/** Decides whether to use colors on a stream: `--color` and `--no-color` win, then FORCE_COLOR, then NO_COLOR. */
export function usesColors(
  option: boolean | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (option !== undefined) return option
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: terminal } = environment
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (refused !== undefined && refused !== '') return false
  return isTerminal && terminal !== 'dumb'
}

/** Colors a text, even if the output is not a terminal. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false })
}

/** Colors the tokens of JSON. */
export const paintJson: Paint = (kind, text) => {
  const style = JSON_STYLES[kind]
  return style === undefined ? text : styled(style, text)
}
