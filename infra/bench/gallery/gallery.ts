import { loadavg } from 'node:os'
import type { Generation } from '@darkroom/contracts/generation'
import { sleep } from '../../src/runtime/timers.ts'
import { type History, openHistory } from '../../testing/data/history.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { type BenchPages, type BenchRow, serveBenchPages } from '../kit/bench-pages.ts'
import { openPage, type Page } from '../kit/page.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { type Spread, spreadOf } from '../kit/sampling.ts'
import { type Held, heapOf, prepare, type Scroll, scrollFast } from './gallery-measurements.ts'

const COUNTS = [500, 10_000, 100_000]
const ROUNDS = 10
const NEVER = new AbortController().signal

const METHOD = [
  'The same rows (one to four small pictures each, prompts of one to seven lines) in Chromium, 1440 × 900, without a GPU:',
  '',
  '- **seed**: the settings of the seed for TanStack Virtual (`estimateSize` 400, `overscan` 5, every row measured), here by its',
  '  Solid binding; after older rows have come the scroll offset of before is restored. All rows are in memory',
  '- **virtua**: `virtua` 0.54 as it comes, with `shift` while older rows come. All rows are in memory',
  '- **ours**: the page of the studio, which reads from the real list, with everything else that is on it',
  '',
  '*Reached* is how many rows can be scrolled to, or jumped to. *Prepended* and *grown* is how far the row that is read was moved, at',
  'most, in the 30 frames after 20 (ours: 100) older rows came or a row above the view grew; *gone* where it was not in the page in',
  'some frame. *Scripting* is the share of the main thread in a fast scroll upwards, 1,500 px a frame. The heap is what is used after',
  `a collection. ${ROUNDS} rounds of scrolling, the arms in turns; medians, the middle half in brackets.`,
]

type ArmName = 'seed' | 'virtua' | 'ours'

interface Found {
  arm: ArmName
  count: number
  reached: number
  prepended: Held
  grown: Held
  scrolls: Scroll[]
  heap: number
}

/** A feed of 500, 10,000 and 100,000 generations, each way. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  const found: Found[] = []
  for (const count of COUNTS) found.push(...(await measureAll(count)))
  return {
    title: 'Gallery',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['arm', 'generations', 'reached', 'rows in the page', 'prepended', 'grown', 'scripting %', 'heap MB'],
    rows: found.map(rowOf),
    targets: targetsOf(found.filter(({ arm }) => arm === 'ours')),
    rounds: Object.fromEntries(
      found.map(({ arm, count, scrolls }) => [
        `${arm} ${count} scripting %`,
        scrolls.map(({ script }) => Number(script.toFixed(2))),
      ]),
    ),
  }
}

async function measureAll(count: number): Promise<Found[]> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  await using history = await openHistory(studio)
  await history.fill(count)
  const pattern = await rowsOf(studio)
  await using pages = await serveBenchPages({ rows: many => repeat(pattern, many), media: studio.url })
  const arms = (['seed', 'virtua', 'ours'] as const).map(arm => ({ arm, url: addressOf(arm, count, studio, pages) }))
  const found: Found[] = []
  for (const { arm, url } of arms)
    found.push({ arm, count, scrolls: [], ...(await measureOnce(arm, url, history, count)) })
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < arms.length; turn++) {
      const at = (round + turn) % arms.length
      const [arm, into] = [arms[at], found[at]]
      if (arm && into) into.scrolls.push(await scrollOnce(arm.url))
    }
  }
  return found
}

async function scrollOnce(url: string): Promise<Scroll> {
  await using page = await openPage(url)
  await prepare(page)
  return await scrollFast(page)
}

async function measureOnce(arm: ArmName, url: string, history: History, count: number) {
  await using page = await openPage(url)
  await prepare(page)
  const heap = await heapOf(page)
  const prepended = await (arm === 'ours' ? prependOurs(page) : page.evaluate<Held>(PREPEND))
  const grown = await (arm === 'ours' ? growOurs(page, history) : page.evaluate<Held>(GROW))
  const reached = await (arm === 'ours' ? reachOurs(page, count) : page.evaluate<number>(REACH))
  return { heap, prepended, grown, reached }
}

const MIDDLE = `window.scrollTo(0, document.documentElement.scrollHeight / 2); await frames(60)`
const PREPEND = `(async () => { ${MIDDLE}; return await hold(() => bench.prepend(20)) })()`
/** A row that was measured, two above the one that is read. */
const GROW = `(async () => { ${MIDDLE}; return await hold(key => {
  const all = rows().sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
  const above = all.filter(row => row.getBoundingClientRect().bottom < 0)
  bench.grow(keyOf(above.at(-2) ?? above.at(-1) ?? all[0]))
}) })()`
/** From the row at the top of the page to the one at its end. */
const REACH = `(async () => {
  const number = row => Number(/No\\. (\\d+)/.exec(row.textContent)?.[1])
  const inView = () => rows().filter(row => { const { top, bottom } = row.getBoundingClientRect(); return bottom > 0 && top < innerHeight }).map(number)
  window.scrollTo(0, 0); await frames(60)
  const first = Math.min(...inView())
  for (let turn = 0; turn < 20; turn++) { bench.toEnd(); await frames(10); window.scrollTo(0, 1e9); await frames(10) }
  return Math.max(...inView()) - first + 1
})()`

/** Keeps the next older page back, goes where the feed asks for it, and lets it come. */
async function prependOurs(page: Page): Promise<Held> {
  return await page.evaluate<Held>(`(async () => {
    const real = window.fetch
    let release, isAsked = false
    const released = new Promise(done => { release = done })
    window.fetch = async (...asked) => {
      if (String(asked[0].url ?? asked[0]).includes('cursor=')) { isAsked = true; await released }
      return await real(...asked)
    }
    for (let turn = 0; turn < 60 && !isAsked; turn++) { window.scrollBy(0, -2_000); await frames(5) }
    await frames(40)
    const held = await hold(async () => {
      const { scrollHeight } = document.documentElement
      release()
      for (let turn = 0; turn < 300 && isAsked && document.documentElement.scrollHeight === scrollHeight; turn++) await frames(1)
    })
    window.fetch = real
    return held
  })()`)
}

async function growOurs(page: Page, history: History): Promise<Held> {
  await page.evaluate('(async () => { window.scrollBy(0, 4_000); await frames(60) })()')
  const number = await page.evaluate<number>(`Number(/No\\. (\\d+)/.exec(anchor().textContent)[1])`)
  const holding = page.evaluate<Held>(`hold(async () => {
    const { scrollHeight } = document.documentElement
    for (let turn = 0; turn < 600 && document.documentElement.scrollHeight === scrollHeight; turn++) await frames(1)
  })`)
  await sleep(100, NEVER)
  await history.finish(await history.idOf(number - 2), 0, { width: 512, height: 2_400 })
  return await holding
}

/** Both ends, by the scrubber; that nothing is missing between is tested, not measured. */
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

function addressOf(arm: ArmName, count: number, studio: TestStudio, pages: BenchPages): string {
  return arm === 'ours' ? studio.url : `${pages.url}/gallery.html?arm=${arm}&count=${count}`
}

async function rowsOf(studio: TestStudio): Promise<BenchRow[]> {
  const { generations } = (await (await studio.fetch('/api/generations?limit=100')).json()) as {
    generations: Generation[]
  }
  return generations.map(({ id, prompt, outputs }) => ({
    key: id,
    prompt,
    pictures: outputs.flatMap(({ previewUrl, width, height }) =>
      previewUrl ? [{ src: previewUrl, ratio: (width ?? 1) / (height ?? 1) }] : [],
    ),
  }))
}

/** The rows of the studio over and over, each with its own number. */
function repeat(pattern: readonly BenchRow[], count: number): BenchRow[] {
  return Array.from({ length: count }, (_, index) => {
    const { prompt = '', pictures = [] } = pattern[index % pattern.length] ?? {}
    return { key: `row ${index + 1}`, prompt: prompt.replace(/^No\. \d+/, `No. ${index + 1}`), pictures }
  })
}

function rowOf({ arm, count, reached, prepended, grown, scrolls, heap }: Found): string[] {
  const most = Math.max(...scrolls.map(scroll => scroll.most))
  const script = spreadOf(scrolls.map(scroll => scroll.script))
  return [
    arm,
    count.toLocaleString('en'),
    reached.toLocaleString('en'),
    String(most),
    shiftOf(prepended),
    shiftOf(grown),
    words(script),
    heap.toFixed(1),
  ]
}

function shiftOf({ shift, isSameNode }: Held): string {
  if (shift === null) return 'gone'
  return `${shift} px, ${isSameNode ? 'same' : 'another'} element`
}

function targetsOf(ours: readonly Found[]): Report['targets'] {
  const holds = ours.flatMap(({ prepended, grown }) => [prepended, grown])
  const scripts = ours.map(({ scrolls }) => spreadOf(scrolls.map(({ script }) => script)))
  const most = Math.max(...ours.flatMap(({ scrolls }) => scrolls.map(scroll => scroll.most)))
  const [smallest = 0, , largest = 0] = ours.map(({ heap }) => heap)
  const isHeld = holds.every(({ shift, isSameNode }) => shift === 0 && isSameNode)
  return [
    {
      target: 'every row reachable',
      reached: ours.map(({ reached }) => reached.toLocaleString('en')).join(', '),
      met: ours.every(({ reached, count }) => reached === count),
    },
    { target: '0 px of shift, the same element', reached: holds.map(shiftOf).join('; '), met: isHeld },
    { target: 'at most 20 rows in the page', reached: String(most), met: most <= 20 },
    {
      target: 'at most 5 % scripting',
      reached: scripts.map(words).join(', '),
      met: scripts.every(({ median }) => median <= 5),
    },
    {
      target: 'heap flat in n',
      reached: `${smallest.toFixed(1)} MB at 500, ${largest.toFixed(1)} MB at 100,000`,
      met: largest < smallest * 1.2,
    },
  ]
}

function words({ median, low, high }: Spread): string {
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`
}
