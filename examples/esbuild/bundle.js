import { build } from 'esbuild'

await build({
  entryPoints: ['ticker-client.test.ts'],
  outfile: '../../.build/far/esbuild/ticker-client.test.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // `ws` and tsyringe are CommonJS, which a bundle of ES modules cannot require otherwise.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
