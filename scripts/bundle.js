// Bundles the compiled command into two files, which Node.js loads in half the time: dist/cli/holdfast.cjs for --help and --version, and
// dist/cli/command.cjs for the rest. They are CommonJS, because Node.js loads `ws` faster with `require`. Packages stay outside.
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

const { dependencies, peerDependencies, engines } = JSON.parse(readFileSync('package.json', 'utf8'))

/** @type {import('esbuild').BuildOptions} */
const settings = {
  outdir: 'dist/cli',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: `node${engines.node.replace('>=', '')}`,
  minify: true,
  external: Object.keys({ ...dependencies, ...peerDependencies }),
  banner: {
    js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href, bundleResolve = (name) => require('node:url').pathToFileURL(require.resolve(name)).href",
  },
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.resolve': 'bundleResolve' },
  logLevel: 'warning',
}

/**
 * perf: Leaves dist/cli/command.js to its own file. In one file, esbuild puts each module that is loaded later into a function, and V8 parses
 * such a function twice: 10 ms of 155.
 *
 * @type {import('esbuild').Plugin}
 */
const commandApart = {
  name: 'command-apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[.]\/command[.]js$/ }, () => ({ path: './command.cjs', external: true })),
}

await build({
  ...settings,
  entryPoints: ['dist/cli/holdfast.js'],
  plugins: [commandApart],
  // `require` is faster, because it needs no names of exports.
  supported: { 'dynamic-import': false },
})
await build({ ...settings, entryPoints: ['dist/cli/command.js'] })
