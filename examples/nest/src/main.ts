import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

const app = await NestFactory.create(AppModule)
app.enableShutdownHooks() // SIGTERM and Ctrl+C close the connections
await app.listen(process.env['PORT'] ?? 3000)
console.log(`Serving ${await app.getUrl()}`)
