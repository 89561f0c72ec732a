/** Words in Holdfast's error messages that name an option in code, and the same words for the command line. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/Pass one as tls: \{ cert, key \} or tls: \{ pfx, passphrase \}/, 'Pass one with --cert and --key'],
  [/as tls: \{ ca \}, or pin it: tls: \{ [^}]* \}/, 'with --ca'],
  [/as tls: \{ ca \}/, 'with --ca'],
  [/as tls: \{ cert, key \}/, 'with --cert and --key'],
  [/tls: \{ cert, key \}/, '--cert and --key'],
  [/tls: \{ passphrase \}/, '--passphrase'],
  [/, or pass that name as tls: \{ servername \}/, ''],
  [/to tls[.]cert$/, 'to the file of --cert'],
  [/: compare tls[.]ciphers and tls[.]minVersion/, ''],
  [
    /from tls[.]minVersion to tls[.]maxVersion[.] Change these options, or/,
    'that Node.js allows. Change NODE_OPTIONS, or',
  ],
  [/^tls[.](ca|cert|key|passphrase)\b/, '--$1'],
  [/Fix: add (cert|key)$/, 'Fix: add --$1'],
  [/^(proxy|origin)(?=:)/, '--$1'],
  [/^protocols[.]offer\[\d+\]/, '--subprotocol'],
  [/, or set followRedirects/, ', or pass --location'],
  [/followRedirects allows/, '--location allows'],
  [/, or raise followRedirects/, ''],
  [/use proxy: 'environment'/, 'pass --proxy environment'],
  [/\(connectTimeout\)/, '(--connect-timeout)'],
  [/[.] Await connection[.]whenOpen\(\), or enable the outbox/, ''],
  [/exceeds maxPayload/, 'exceeds --max-payload'],
  [/Raise maxPayload/, 'Raise --max-payload'],
  [/^The headers function threw: (?=--token-command)/, ''],
]

/** Replaces the names of options in an error message by those of the command line. */
export function inOptionWords(message: string): string {
  return WORDS.reduce((text, [pattern, words]) => text.replace(pattern, words), message)
}
