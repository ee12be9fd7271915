import { sleep } from '../../src/runtime/timers.ts'
import { type Page, readMetrics, setViewport } from '../kit/page.ts'

/** The movement of the row at the top of the view while rows elsewhere change. */
export interface AnchorShift {
  /** Largest distance from its position in any frame, in px; null if it was missing in some frame. */
  shift: number | null
  /** Whether the row has the same element in every frame. */
  isSameNode: boolean
}

/** The share of the time, in percent, that the main thread works during a fast scroll. */
export interface ScrollCost {
  script: number
  task: number
  /** Largest number of rows in the page at a time. */
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
window.measureShift = async change => {
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
window.maxRows = 0
const live = document.getElementsByTagName('article')
new MutationObserver(() => { maxRows = Math.max(maxRows, live.length) }).observe(document.body, { childList: true, subtree: true })
0`

/** Sets the size of a page, adds the helpers of the measurements, and waits for its rows. */
export async function preparePage(page: Page): Promise<void> {
  await page.command('Performance.enable')
  await setViewport(page)
  await page.evaluate(HELPERS)
  await page.evaluate(`(async () => { while (rows().length < 2) await frames(5); await frames(60) })()`)
}

/** Scrolls upwards by 1,500 px a frame, as far as a free-spinning wheel goes. */
export async function scrollFast(page: Page): Promise<ScrollCost> {
  await page.evaluate('maxRows = 0')
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
  return {
    script: share('ScriptDuration'),
    task: share('TaskDuration'),
    maxRows: await page.evaluate<number>('maxRows'),
  }
}

/** Measures the page's JavaScript heap after a garbage collection, in megabytes. */
export async function measureHeap(page: Page): Promise<number> {
  await page.command('HeapProfiler.collectGarbage')
  const { usedSize } = await page.command<{ usedSize: number }>('Runtime.getHeapUsage')
  return usedSize / 1_000_000
}
