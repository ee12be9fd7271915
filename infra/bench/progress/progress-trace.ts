import type { Page } from '../kit/page.ts'

/** What a page's main thread did: milliseconds of it a second, and how often it ran script, computed style, and painted. */
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

/** Traces a page while something is waited for. */
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

/** Seconds that the main thread has worked. */
async function readTaskSeconds(page: Page): Promise<number> {
  const { metrics } = await page.command<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
}
