import { start } from './feeds.js'

void start()
