/** Advice in Holdfast's error messages that names an option in code, and the same advice for the command line. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/Pass one as tls: \{ cert, key \} or tls: \{ pfx, passphrase \}/, 'Pass one with --cert and --key'],
  [/as tls: \{ ca \}, or pin it: tls: \{ [^}]* \}/, 'with --ca'],
  [/as tls: \{ ca \}/, 'with --ca'],
  [/, or pass that name as tls: \{ servername \}/, ''],
  [/\(connectTimeout\)/, '(--connect-timeout)'],
  [/[.] Await connection[.]whenOpen\(\), or enable the outbox/, ''],
  [/exceeds maxPayload/, 'exceeds --max-payload'],
  [/Raise maxPayload/, 'Raise --max-payload'],
]

/** Replaces the names of options in an error message by those of the command line. */
export function inOptionWords(message: string): string {
  return WORDS.reduce((text, [pattern, words]) => text.replace(pattern, words), message)
}
