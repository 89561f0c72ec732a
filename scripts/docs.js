// Builds the docs site. Its packages are in far/docs, where the first run installs them. Passes its arguments on to far/docs/build.js.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const FOLDER = 'far/docs'
const INSTALL = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']

function run(program, args, cwd) {
  const { status } = spawnSync(program, args, { cwd, stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

if (!existsSync(`${FOLDER}/node_modules/vitepress`)) {
  console.log(`Installing the packages of ${FOLDER}. This takes about a minute.`)
  run('npm', INSTALL, FOLDER)
}
run(process.execPath, [`${FOLDER}/build.js`, ...process.argv.slice(2)], '.')
