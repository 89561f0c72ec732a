import { parseCommandLine } from './arguments.js'
import { helpText } from './help.js'
import type { CommandHost } from './command.js'
import { ExitCode } from './ending.js'
import { visibleText } from '../terminal/visible-text.js'

/**
 * Runs the `holdfast` command.
 *
 * @param args the arguments, without the program's name
 * @returns the exit code
 */
export async function main(
  args: readonly string[],
  version: () => string,
  host: CommandHost,
): Promise<number> {
  const line = parseCommandLine(args)
  switch (line.kind) {
    case 'help':
      host.output.write(helpText())
      return ExitCode.OK
    case 'version':
      host.output.write(`${version()}\n`)
      return ExitCode.OK
    case 'mistakes':
      for (const mistake of line.mistakes) host.errors.write(`holdfast: ${visibleText(mistake)}\n`)
      host.errors.write('Run holdfast --help for all options\n')
      return ExitCode.USAGE
    case 'run': {
      // Loaded only now, so that --help and --version don't wait for it.
      const { Command } = await import('./command.js')
      return new Command(line.given, host).run()
    }
  }
}
