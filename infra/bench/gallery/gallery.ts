import type { Generation } from '@darkroom/contracts/generation'
import { sleep } from '../../src/runtime/timers.ts'
import { openStudioHistory, type StudioHistory } from '../../testing/data/history.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { type BenchPages, type BenchRow, serveBenchPages } from '../kit/bench-pages.ts'
import { openPage, type Page } from '../kit/page.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuartiles, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import { type AnchorShift, measureHeap, preparePage, type ScrollCost, scrollFast } from './gallery-measurements.ts'

const COUNTS = [500, 10_000, 100_000]
const SAMPLES = 10
/** Rows of the studio that the other variants have, again and again. */
const MAX_PATTERN = 600
const neverAborted = new AbortController().signal

const METHOD = [
  'The same rows (one to four small pictures each, prompts of one to seven lines) in Chromium, 1440 × 900, without a GPU:',
  '',
  '- **seed**: the settings of the seed for TanStack Virtual (`estimateSize` 400, `overscan` 5, every row measured), here by its',
  '  Solid binding; after older rows have come the scroll offset of before is restored. All rows are in memory',
  '- **virtua**: `virtua` 0.54 as it comes, with `shift` while older rows come. All rows are in memory',
  '- **ours**: the page of the studio, which reads from the real list, with everything else that is on it',
  '- **floor**: rows made by hand, without a framework: the start of the prompt and the blurred images alone, which is what ours shows in a',
  '  fast scroll. All rows are in memory, heights are computed, no element is added or removed, and nothing else is in the page',
  '',
  'Each output has a blurred placeholder of its own, which ours and the floor draw as it comes into view; the other two show none.',
  '',
  '*Reached* is how many rows can be scrolled to, or jumped to. *Prepended* and *grown* is how far the row that is read was moved, at',
  'most, in the 30 frames after 20 (ours: 100) older rows came or a row above the view grew; *gone* where it was not in the page in',
  'some frame. *Scripting* is the share of the main thread in a fast scroll upwards, 1,500 px a frame. The heap is what is used after',
  `a collection. ${SAMPLES} samples of scrolling, the variants in turns; medians, the middle half in brackets.`,
]

type VariantName = 'seed' | 'virtua' | 'ours' | 'floor'

interface VariantResult {
  variant: VariantName
  count: number
  /** Absent, as the two below: of the floor, which is only scrolled. */
  reached?: number
  prepended?: AnchorShift
  grown?: AnchorShift
  scrolls: ScrollCost[]
  heap: number
}

/** Measures a feed of 500, 10,000 and 100,000 generations in each variant. */
export async function run(): Promise<BenchResult> {
  const results: VariantResult[] = []
  for (const count of COUNTS) results.push(...(await measureAll(count)))
  return createReport(results)
}

async function measureAll(count: number): Promise<VariantResult[]> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  await using history = await openStudioHistory(studio)
  await history.insertFinished(count)
  const pattern = await readRows(studio)
  await using pages = await serveBenchPages({ rows: many => repeatRows(pattern, many), media: studio.url })
  const url = (variant: VariantName) => createUrl(variant, count, studio, pages)
  const results: VariantResult[] = []
  for (const variant of ['seed', 'virtua', 'ours', 'floor'] as const)
    results.push({ variant, count, scrolls: [], ...(await measureOnce(variant, url(variant), history, count)) })
  await takeTurns(results, SAMPLES, async ({ variant, scrolls }) => {
    scrolls.push(await scrollOnce(url(variant)))
  })
  return results
}

async function scrollOnce(url: string): Promise<ScrollCost> {
  await using page = await openPage(url)
  await preparePage(page)
  return await scrollFast(page)
}

async function measureOnce(variant: VariantName, url: string, history: StudioHistory, count: number) {
  await using page = await openPage(url)
  await preparePage(page)
  const heap = await measureHeap(page)
  if (variant === 'floor') return { heap }
  const prepended = await (variant === 'ours' ? prependOurs(page) : page.evaluate<AnchorShift>(PREPEND_SCRIPT))
  const grown = await (variant === 'ours' ? growOurs(page, history) : page.evaluate<AnchorShift>(GROW_SCRIPT))
  const reached = await (variant === 'ours' ? reachOurs(page, count) : page.evaluate<number>(REACH_SCRIPT))
  return { heap, prepended, grown, reached }
}

const SCROLL_TO_MIDDLE = `window.scrollTo(0, document.documentElement.scrollHeight / 2); await frames(60)`
const PREPEND_SCRIPT = `(async () => { ${SCROLL_TO_MIDDLE}; return await measureShift(() => bench.prepend(20)) })()`
/** Grows a row above the view that was measured before. */
const GROW_SCRIPT = `(async () => { ${SCROLL_TO_MIDDLE}; return await measureShift(key => {
  const all = rows().sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
  const above = all.filter(row => row.getBoundingClientRect().bottom < 0)
  bench.grow(keyOf(above.at(-2) ?? above.at(-1) ?? all[0]))
}) })()`
/** Counts from the row at the top of the page to the row at its end. */
const REACH_SCRIPT = `(async () => {
  const number = row => Number(/No\\. (\\d+)/.exec(row.textContent)?.[1])
  const inView = () => rows().filter(row => { const { top, bottom } = row.getBoundingClientRect(); return bottom > 0 && top < innerHeight }).map(number)
  window.scrollTo(0, 0); await frames(60)
  const first = Math.min(...inView())
  for (let turn = 0; turn < 20; turn++) { bench.toEnd(); await frames(10); window.scrollTo(0, 1e9); await frames(10) }
  return Math.max(...inView()) - first + 1
})()`

/** Delays the response with the next older page, scrolls to where the feed requests it, and lets it arrive. */
async function prependOurs(page: Page): Promise<AnchorShift> {
  return await page.evaluate<AnchorShift>(`(async () => {
    const real = window.fetch
    let release, isRequested = false
    const released = new Promise(resolve => { release = resolve })
    window.fetch = async (...args) => {
      if (String(args[0].url ?? args[0]).includes('cursor=')) { isRequested = true; await released }
      return await real(...args)
    }
    for (let turn = 0; turn < 60 && !isRequested; turn++) { window.scrollBy(0, -2_000); await frames(5) }
    await frames(40)
    const shift = await measureShift(async () => {
      const { scrollHeight } = document.documentElement
      release()
      for (let turn = 0; turn < 300 && isRequested && document.documentElement.scrollHeight === scrollHeight; turn++) await frames(1)
    })
    window.fetch = real
    return shift
  })()`)
}

async function growOurs(page: Page, history: StudioHistory): Promise<AnchorShift> {
  await page.evaluate('(async () => { window.scrollBy(0, 4_000); await frames(60) })()')
  const number = await page.evaluate<number>(`Number(/No\\. (\\d+)/.exec(anchor().textContent)[1])`)
  const growing = page.evaluate<AnchorShift>(`measureShift(async () => {
    const { scrollHeight } = document.documentElement
    for (let turn = 0; turn < 600 && document.documentElement.scrollHeight === scrollHeight; turn++) await frames(1)
  })`)
  await sleep(100, neverAborted)
  await history.storeOutput(await history.findId(number - 2), 0, { width: 512, height: 2_400 })
  return await growing
}

/** Jumps to both ends by the scrubber. That no row between is missing is tested elsewhere, not measured here. */
async function reachOurs(page: Page, count: number): Promise<number> {
  const press = async (key: string, number: number) =>
    await page.evaluate<boolean>(`(async () => {
      document.querySelector('[role=slider][aria-label="Jump to date"]').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true }))
      for (let turn = 0; turn < 300; turn++) {
        if (rows().some(row => row.textContent.includes('No. ${number}:'))) return true
        await frames(2)
      }
      return false
    })()`)
  const hasOldest = await press('Home', 1)
  const hasNewest = await press('End', count)
  return hasOldest && hasNewest ? count : 0
}

function createUrl(variant: VariantName, count: number, studio: TestStudio, pages: BenchPages): string {
  return variant === 'ours' ? studio.url : `${pages.url}/gallery.html?variant=${variant}&count=${count}`
}

/** Reads as many rows as ours passes in a scroll: a placeholder that has been shown before is not decoded again. */
async function readRows(studio: TestStudio): Promise<BenchRow[]> {
  const generations: Generation[] = []
  let cursor: string | null = ''
  while (cursor !== null && generations.length < MAX_PATTERN) {
    const response = await studio.fetch(`/api/generations?limit=100${cursor && `&cursor=${cursor}`}`)
    const page = (await response.json()) as { generations: Generation[]; nextCursor: string | null }
    generations.push(...page.generations)
    cursor = page.nextCursor
  }
  return generations.map(({ id, prompt, outputs }) => ({
    key: id,
    prompt,
    images: outputs.flatMap(({ previewUrl, width, height, placeholder }) =>
      previewUrl ? [{ src: previewUrl, ratio: (width ?? 1) / (height ?? 1), placeholder }] : [],
    ),
  }))
}

/** Repeats the rows of the studio, each with its own number. */
function repeatRows(pattern: readonly BenchRow[], count: number): BenchRow[] {
  return Array.from({ length: count }, (_, index) => {
    const { prompt = '', images = [] } = pattern[index % pattern.length] ?? {}
    return { key: `row ${index + 1}`, prompt: prompt.replace(/^No\. \d+/, `No. ${index + 1}`), images }
  })
}

function createReport(results: readonly VariantResult[]): BenchResult {
  return buildResult<VariantResult>({
    title: 'Gallery',
    method: METHOD,
    columns: {
      variant: ({ variant }) => variant,
      generations: ({ count }) => count.toLocaleString('en'),
      reached: ({ reached }) => reached?.toLocaleString('en') ?? '',
      'rows in the page': ({ scrolls }) => String(findMaxRows(scrolls)),
      prepended: ({ prepended }) => formatShift(prepended),
      grown: ({ grown }) => formatShift(grown),
      'scripting %': ({ scrolls }) => formatSamples(listScripting(scrolls), 1),
      'heap MB': ({ heap }) => heap.toFixed(1),
    },
    rows: results,
    targets: createTargets(selectVariant(results, 'ours'), selectVariant(results, 'floor')),
    samples: Object.fromEntries(
      results.map(({ variant, count, scrolls }) => [`${variant} ${count} scripting %`, listScripting(scrolls)]),
    ),
  })
}

function findMaxRows(scrolls: readonly ScrollCost[]): number {
  return Math.max(...scrolls.map(scroll => scroll.maxRows))
}

function listScripting(scrolls: readonly ScrollCost[]): number[] {
  return scrolls.map(({ script }) => script)
}

function selectVariant(results: readonly VariantResult[], name: VariantName): VariantResult[] {
  return results.filter(({ variant }) => variant === name)
}

function formatShift(movement: AnchorShift | undefined): string {
  if (!movement) return ''
  const { shift, isSameNode } = movement
  if (shift === null) return 'gone'
  return `${shift} px, ${isSameNode ? 'same' : 'another'} element`
}

function createTargets(ours: readonly VariantResult[], floors: readonly VariantResult[]): Target[] {
  const shifts = ours.flatMap(({ prepended, grown }) => [prepended, grown])
  const ratios = ours.map(({ scrolls }, at) =>
    computeRatio(listScripting(scrolls), listScripting(floors[at]?.scrolls ?? [])),
  )
  const scripts = ours.map(({ scrolls }) => computeQuartiles(listScripting(scrolls)))
  const [smallest = 0, , largest = 0] = ours.map(({ heap }) => heap)
  return [
    {
      target: 'every row reachable',
      reached: ours.map(({ reached }) => reached?.toLocaleString('en')).join(', '),
      met: ours.every(({ reached, count }) => reached === count),
    },
    {
      target: '0 px of shift, the same element',
      reached: shifts.map(formatShift).join('; '),
      met: shifts.every(movement => movement?.shift === 0 && movement.isSameNode),
    },
    createTarget({
      target: 'at most 20 rows in the page',
      value: findMaxRows(ours.flatMap(({ scrolls }) => scrolls)),
      digits: 0,
      atMost: 20,
    }),
    {
      target: 'at most 5 % scripting',
      reached: scripts.map(script => formatQuartiles(script, 1)).join(', '),
      met: scripts.every(({ median }) => median <= 5),
    },
    {
      target: 'at most 1.1 times the scripting of the floor',
      reached: ratios.map(ratio => formatQuartiles(ratio, 2)).join(', '),
      met: ratios.every(({ median }) => median <= 1.1),
    },
    {
      target: 'heap flat in n',
      reached: `${smallest.toFixed(1)} MB at 500, ${largest.toFixed(1)} MB at 100,000`,
      met: largest < smallest * 1.2,
    },
  ]
}
