import { sleep } from '../../src/runtime/timers.ts'
import type { Page } from '../kit/page.ts'

/** What happened to the row that was read while something changed elsewhere. */
export interface AnchorShift {
  /** How far it was moved, at most, in any frame; null if it was not even there in some. */
  shift: number | null
  isSameNode: boolean
}

/** What scrolling fast cost the main thread, in parts of a hundred of the time. */
export interface ScrollCost {
  script: number
  task: number
  maxRows: number
}

const neverAborted = new AbortController().signal
const WHEEL_EVENTS = 120
const WHEEL_DELTA = 1_500

const HELPERS = `window.rows = () => [...document.querySelectorAll('article')]
window.frames = async many => { for (let n = 0; n < many; n++) await new Promise(next => requestAnimationFrame(next)) }
window.keyOf = row => row.dataset.key
window.anchor = () => rows().map(row => [row, row.getBoundingClientRect().top]).filter(([, top]) => top >= 64)
  .sort((a, b) => a[1] - b[1])[0][0]
window.hold = async change => {
  const node = anchor(), key = keyOf(node), top = node.getBoundingClientRect().top
  let shift = 0, isSameNode = true, isGone = false
  await change(key)
  for (let n = 0; n < 30; n++) {
    await frames(1)
    const now = rows().find(row => keyOf(row) === key)
    isSameNode &&= now === node
    isGone ||= now === undefined
    if (now) shift = Math.max(shift, Math.abs(now.getBoundingClientRect().top - top))
  }
  return { shift: isGone ? null : Math.round(shift), isSameNode }
}
window.most = 0
new MutationObserver(() => { most = Math.max(most, rows().length) }).observe(document.body, { childList: true, subtree: true })
0`

/** Prepares a page for being measured, and waits for its rows. */
export async function preparePage(page: Page): Promise<void> {
  await page.command('Performance.enable')
  await page.command('Emulation.setDeviceMetricsOverride', {
    width: 1440,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  })
  await page.evaluate(HELPERS)
  await page.evaluate(`(async () => { while (rows().length < 2) await frames(5); await frames(60) })()`)
}

/** Turns the wheel upwards, as far as a free wheel goes in a frame, each frame. */
export async function scrollFast(page: Page): Promise<ScrollCost> {
  await page.evaluate('most = 0')
  const before = await readMetrics(page)
  const started = performance.now()
  const wheelEvent = { type: 'mouseWheel', x: 700, y: 400, deltaX: 0, deltaY: -WHEEL_DELTA }
  for (let at = 0; at < WHEEL_EVENTS; at++) {
    void page.command('Input.dispatchMouseEvent', wheelEvent)
    await sleep(16, neverAborted)
  }
  await page.evaluate('frames(3)')
  const seconds = (performance.now() - started) / 1_000
  const after = await readMetrics(page)
  const share = (name: string) => (((after[name] ?? 0) - (before[name] ?? 0)) / seconds) * 100
  return { script: share('ScriptDuration'), task: share('TaskDuration'), maxRows: await page.evaluate<number>('most') }
}

/** Megabytes of the page's JavaScript heap, after its garbage was collected. */
export async function measureHeap(page: Page): Promise<number> {
  await page.command('HeapProfiler.collectGarbage')
  const { usedSize } = await page.command<{ usedSize: number }>('Runtime.getHeapUsage')
  return usedSize / 1_000_000
}

async function readMetrics(page: Page): Promise<Record<string, number>> {
  const { metrics } = await page.command<{ metrics: { name: string; value: number }[] }>('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}
