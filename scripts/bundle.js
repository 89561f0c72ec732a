// Bundles the compiled command into one file, dist/cli/holdfast.cjs, which Node.js loads in half the time. It is CommonJS, because
// Node.js loads `ws` faster with `require`. Packages stay outside.
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

const { dependencies, peerDependencies, engines } = JSON.parse(readFileSync('package.json', 'utf8'))

await build({
  entryPoints: ['dist/cli/holdfast.js'],
  outfile: 'dist/cli/holdfast.cjs',
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
})
