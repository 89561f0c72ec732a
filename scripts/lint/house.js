// The rules of CONTRIBUTING.md that need the whole program: `node scripts/lint/house.js` prints each violation as `file:line: message`.
import { readAllowances, withoutAllowed } from './allowances.js'
import { checkFolders } from './checks/folders.js'
import { checkForeignWrites } from './checks/foreign-writes.js'
import { checkForwarding } from './checks/forwarding.js'
import { checkInterfaces } from './checks/interfaces.js'
import { checkUnused } from './checks/unused.js'
import { openProject } from './project.js'
import { usageOf } from './usage.js'

const project = openProject()
const usage = usageOf(project)
const allowed = readAllowances('allowed.json')
const forwarding = readAllowances('forwarding.json')

const findings = [
  ...checkFolders(project),
  ...checkForwarding(project, forwarding),
  ...withoutAllowed(checkInterfaces(project, usage), 'interfaces', allowed),
  ...withoutAllowed(checkForeignWrites(project, usage), 'writes', allowed),
  ...withoutAllowed(checkUnused(project, usage), 'unused', allowed),
]

for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`)
if (findings.length > 0) {
  console.log(`${findings.length} violations found`)
  process.exitCode = 1
}
