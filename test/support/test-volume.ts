/** Whether the heaviest tests do everything that they can. `npm run test:far` asks for it; `npm test` runs a seeded part. */
export const isFullVolume = process.env['TEST_VOLUME'] === 'full'
