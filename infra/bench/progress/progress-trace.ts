import type { Page } from '../kit/page.ts'

/** What a page's main thread did: milliseconds of it a second, and how often it ran script, computed style, and painted. */
export interface Work {
  task: number
  script: number
  style: number
  paint: number
}

interface TraceEvent {
  name: string
}

const NAMES: Record<string, 'script' | 'style' | 'paint'> = {
  FunctionCall: 'script',
  EvaluateScript: 'script',
  FireAnimationFrame: 'script',
  TimerFire: 'script',
  UpdateLayoutTree: 'style',
  Paint: 'paint',
}

/** Traces a page while something is waited for. */
export async function workOf(page: Page, wait: () => Promise<void>): Promise<Work> {
  const events: TraceEvent[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  page.on('Tracing.dataCollected', params => void events.push(...(params as { value: TraceEvent[] }).value))
  page.on('Tracing.tracingComplete', () => end())
  await page.command('Performance.enable')
  await page.command('Tracing.start', {
    traceConfig: { includedCategories: ['devtools.timeline'], excludedCategories: ['*'] },
  })
  const [before, started] = [await taskOf(page), performance.now()]
  await wait()
  const task = ((await taskOf(page)) - before) / ((performance.now() - started) / 1_000)
  await page.command('Tracing.end')
  await ended
  const times = (kind: 'script' | 'style' | 'paint') => events.filter(({ name }) => NAMES[name] === kind).length
  return { task: task * 1_000, script: times('script'), style: times('style'), paint: times('paint') }
}

/** Seconds that the main thread has worked. */
async function taskOf(page: Page): Promise<number> {
  const { metrics } = await page.command<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
}
