import { build } from 'esbuild'

await build({
  entryPoints: ['main.ts', 'ticker-client.test.ts'],
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  keepNames: true,
  // Holdfast uses `ws`, a CommonJS package. A bundle of ES modules must therefore define `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
