import { FIRST_DROP_AFTER } from './market/market-server.js'
import type { Settings } from './settings.js'

/**
 * Returns a description of what the app shows and how to end it, formatted for an 80-column terminal.
 *
 * @param pageUrl URL of the live page, if the app serves it
 */
export function introduction(settings: Settings, pageUrl?: string): readonly string[] {
  const { duration } = settings
  const events = interruptions(settings)
  return [
    '',
    'This app keeps two WebSocket connections open with Holdfast:',
    '',
    ...sources(settings),
    '',
    ...(events.length > 0 ? ['Watch Holdfast reconnect:', '', ...events, ''] : []),
    ...page(pageUrl),
    '',
    'Each line below shows its source and the seconds since the start.',
    duration === undefined
      ? 'Press Ctrl+C to end the app.'
      : `The app ends after ${seconds(duration)}. To end it sooner, press Ctrl+C.`,
  ]
}

function sources({ inspectorUrl, marketUrl }: Settings): readonly string[] {
  const inspector =
    inspectorUrl === undefined
      ? [
          '  inspector  watches a sample Node process that this app starts: its heap,',
          '             garbage collections (gc) and console. The process fills a cache.',
        ]
      : [`  inspector  watches the heap and console of the process at ${new URL(inspectorUrl).host}`]
  const market =
    marketUrl === undefined
      ? '  market     receives made-up prices from a small server inside this app'
      : `  market     receives prices from ${new URL(marketUrl).host}`
  return [...inspector, market]
}

function page(url: string | undefined): readonly string[] {
  if (url === undefined) return ['To see both connections in your browser: npm start -- --page']
  return ['See both connections live in your browser:', '', `  ${url}`]
}

/** Returns the interruptions that happen before the app ends. */
function interruptions({ inspectorUrl, marketUrl, duration, restartAfter }: Settings): readonly string[] {
  const isBeforeEnd = (time: number): boolean => duration === undefined || time < duration
  const events: string[] = []
  if (inspectorUrl === undefined && isBeforeEnd(restartAfter))
    events.push(`  after ${seconds(restartAfter)}  this app kills the sample process and starts another one`)
  if (marketUrl === undefined && isBeforeEnd(FIRST_DROP_AFTER))
    events.push(`  after ${seconds(FIRST_DROP_AFTER)}  the market server drops its connection`)
  return events
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} s`
}
