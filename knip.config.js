// Knip finds files, exports and dependencies that nothing uses. Class members, and exports that only tests use: scripts/lint/house.js.

/** As of the move, to be cured: each of these is used in its own file only, so it need not be exported. */
const TO_BE_CURED = ['src/annotations/handler-table.ts', 'src/core/diagnostics.ts']

export default {
  ignoreIssues: Object.fromEntries(TO_BE_CURED.map((path) => [path, ['exports', 'types']])),
  workspaces: {
    // The exports of package.json are entries, too.
    '.': {
      entry: [
        'test/**/*.test.ts',
        'test/setup.ts',
        'example-app/main.ts',
        // Compiled with other settings, or by other compilers.
        'test/standard/*.ts',
        'test/dialects/{annotated,named}.ts',
        // Programs that tests start.
        'test/support/{exits-after-close,measure-ways,survives-everything,without-peers}.ts',
        'test/snippets/program.ts',
        // Tests import these by their URL.
        'scripts/**/*.js',
      ],
      // Creates a PFX file for a test, which is skipped without it.
      ignoreBinaries: ['openssl'],
      project: ['{src,test,example-app}/**/*.ts', 'scripts/**/*.js'],
    },
    bench: {
      entry: [
        'client-process.js',
        'compression-memory.js',
        'server/load-server.js',
        'clients/*.js',
        'workloads/*.js',
        'statistics.js',
      ],
      project: ['**/*.js'],
    },
  },
}
