import 'reflect-metadata'

// Mocha 12 lets an unhandled rejection pass: with this listener it fails the run.
process.on('unhandledRejection', (reason) => {
  throw reason
})
