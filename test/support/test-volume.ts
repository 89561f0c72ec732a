/** True if the heaviest tests run in full, as `npm run test:far` does. `npm test` runs a seeded part. */
export const isFullVolume = process.env['TEST_VOLUME'] === 'full'
