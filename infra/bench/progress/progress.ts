import { loadavg } from 'node:os'
import { sleep } from '../../src/runtime/timers.ts'
import { serveBenchPages } from '../kit/bench-pages.ts'
import { openPage, type Page } from '../kit/page.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { type Spread, spreadOf } from '../kit/sampling.ts'
import { type Work, workOf } from './progress-trace.ts'

const COUNTS = [50, 200]
const ARMS = ['idle', 'interval', 'seed', 'ours'] as const
const ROUNDS = 10
const TRACED_MS = 2_000
const NEVER = new AbortController().signal
const TIMES_SEED = 30

const METHOD = [
  'So many rings at once in Chromium, 1440 × 900, without a GPU, traced for two seconds:',
  '',
  '- **idle**: rings that stand still',
  '- **interval**: each ring set by a timer of its own every 100 ms, as before the seed',
  '- **seed**: keyframes of `stroke-dashoffset`, as the seed has them',
  '- **ours**: the component of the page: two clipped halves moved by `transform`',
  '',
  'Milliseconds of the main thread a second, and how often in the two seconds it ran script, computed style and painted.',
  `${ROUNDS} rounds, the arms in turns; medians, the middle half in brackets. Ratios are of the same round.`,
]

interface Found {
  arm: string
  count: number
  works: Work[]
}

/** Rings that run, and what they cost the main thread. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using pages = await serveBenchPages({})
  const found: Found[] = COUNTS.flatMap(count => ARMS.map(arm => ({ arm, count, works: [] })))
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < found.length; turn++) {
      const of = found[(round + turn) % found.length]
      of?.works.push(await measure(`${pages.url}/progress.html?arm=${of.arm}&count=${of.count}`))
    }
  }
  return {
    title: 'Progress',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['arm', 'rings', 'main thread ms/s', 'script', 'style', 'paint', 'part of the seed’s main thread'],
    rows: found.map(of => rowOf(of, seedOf(found, of.count))),
    targets: found.filter(({ arm }) => arm === 'ours').flatMap(of => targetsOf(of, seedOf(found, of.count))),
    rounds: Object.fromEntries(
      found.map(({ arm, count, works }) => [`${arm} ${count} ms/s`, works.map(({ task }) => Number(task.toFixed(2)))]),
    ),
  }
}

async function measure(url: string): Promise<Work> {
  await using page = await openPage(url)
  await page.command('Emulation.setDeviceMetricsOverride', {
    width: 1440,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  })
  await settle(page)
  return await workOf(page, () => sleep(TRACED_MS, NEVER))
}

async function settle(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready.then(() => 0)')
  await sleep(700, NEVER)
}

function seedOf(found: readonly Found[], count: number): Found {
  const seed = found.find(of => of.arm === 'seed' && of.count === count)
  if (!seed) throw new Error('the seed was not measured')
  return seed
}

function rowOf({ arm, count, works }: Found, seed: Found): string[] {
  const of = (pick: (work: Work) => number, digits: number) => words(spreadOf(works.map(pick)), digits)
  const part = arm === 'ours' || arm === 'interval' ? words(partOf(works, seed), 3) : ''
  return [
    arm,
    String(count),
    of(work => work.task, 1),
    of(work => work.script, 0),
    of(work => work.style, 0),
    of(work => work.paint, 0),
    part,
  ]
}

function targetsOf({ count, works }: Found, seed: Found): Report['targets'] {
  const most = (pick: (work: Work) => number) => Math.max(...works.map(pick))
  const counts = [most(work => work.script), most(work => work.style), most(work => work.paint)]
  const part = partOf(works, seed)
  return [
    {
      target: `${count} rings: no script, style or paint`,
      reached: `at most ${counts.join(', ')} in any round`,
      met: counts.every(times => times === 0),
    },
    {
      target: `${count} rings: at most 1/${TIMES_SEED} of the seed’s main thread`,
      reached: `1/${(1 / part.median).toFixed(0)}`,
      met: part.median <= 1 / TIMES_SEED,
    },
  ]
}

function partOf(works: readonly Work[], seed: Found): Spread {
  return spreadOf(works.map(({ task }, round) => task / (seed.works[round]?.task ?? Number.NaN)))
}

function words({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
