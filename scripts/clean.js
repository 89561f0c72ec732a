// Removes folders of build output: compiled tests whose source is gone would go on being run.
import { rmSync } from 'node:fs'

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true })
