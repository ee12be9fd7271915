import { type Page, readMetrics } from '../kit/page.ts'

/** The work of a page's main thread: its time in ms per second, and how often it ran script, computed style and painted. */
export interface MainThreadWork {
  task: number
  script: number
  style: number
  paint: number
}

interface TraceEvent {
  name: string
}

const EVENT_KINDS: Record<string, 'script' | 'style' | 'paint'> = {
  FunctionCall: 'script',
  EvaluateScript: 'script',
  FireAnimationFrame: 'script',
  TimerFire: 'script',
  UpdateLayoutTree: 'style',
  Paint: 'paint',
}

/** Traces a page until `wait` resolves. */
export async function traceWork(page: Page, wait: () => Promise<void>): Promise<MainThreadWork> {
  const events: TraceEvent[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  page.on('Tracing.dataCollected', params => void events.push(...(params as { value: TraceEvent[] }).value))
  page.on('Tracing.tracingComplete', () => end())
  await page.command('Performance.enable')
  await page.command('Tracing.start', {
    traceConfig: { includedCategories: ['devtools.timeline'], excludedCategories: ['*'] },
  })
  const [before, started] = [await readTaskSeconds(page), performance.now()]
  await wait()
  const task = ((await readTaskSeconds(page)) - before) / ((performance.now() - started) / 1_000)
  await page.command('Tracing.end')
  await ended
  const countEvents = (kind: 'script' | 'style' | 'paint') =>
    events.filter(({ name }) => EVENT_KINDS[name] === kind).length
  return { task: task * 1_000, script: countEvents('script'), style: countEvents('style'), paint: countEvents('paint') }
}

/** Returns the time that the main thread has worked so far, in seconds. */
async function readTaskSeconds(page: Page): Promise<number> {
  return (await readMetrics(page)).TaskDuration ?? 0
}
