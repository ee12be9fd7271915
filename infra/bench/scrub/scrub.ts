import { openStudioHistory } from '../../testing/data/history.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { openPage, type Page, setViewport } from '../kit/page.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile, formatSamples } from '../kit/statistics.ts'
import { separateHalfMonths } from './month-images.ts'
import { type Month, readMonths, shuffle } from './months.ts'
import { dragScrubber, type Hand, readScrubber, waitForRest } from './mouse.ts'
import { PROBE_SCRIPT, type ScrubSample } from './scrub-probe.ts'

const GENERATIONS = 100_000
const SAMPLES = 20
const MAX_PLACEHOLDERS_MS = 50
const MAX_PREVIEWS_MS = 500
const MAX_BLANK_MS = 100
/** Generations that a jump may be off by, beside what two pixels of the scrubber are: a day, and those of a view. */
const PER_VIEW = 48

const METHOD = [
  `The studio's page with ${GENERATIONS.toLocaleString('en')} generations of one to four pictures in Chromium, 1440 × 900, without a GPU. The mouse jumps by the`,
  'scrubber to the beginning of a random month that was not shown before; every half of a month has images of its own.',
  '',
  '- **drag, rest**: pressed at the day that is shown, moved in 24 steps of 16 ms, ever slower, and released after 150 ms of rest',
  '- **drag, no rest**: the same, released at once',
  '- **press**: pressed at the month, and released after 80 ms',
  '- **tap**: the same, released at once',
  '',
  'Times are from the release until a frame is painted: the first with placeholders or pictures in every tile in view, and the first',
  'with every preview in view, decoded. *Request* is until the page of the list is there, *rendering* from then until the placeholders.',
  '*Blank* is the longest time that a tile in view, or a part of the view, showed neither, seen in every frame. The page of the list is',
  'read while the pointer aims, one at a time; a tap alone waits for it. When it was read after the release and rendered as whole rows at',
  'once, the placeholders took six times as long, and the previews one and a half.',
  `${SAMPLES} samples, the variants in turns; medians, the middle half in brackets; p95 after it.`,
]

interface Variant extends Hand {
  name: string
  samples: ScrubSample[]
}

/** Measures how soon a jump by the scrubber shows a month that was not shown before. */
export async function run(): Promise<BenchResult> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  await using history = await openStudioHistory(studio)
  await history.insertFinished(GENERATIONS)
  await separateHalfMonths(studio)
  await using page = await openPage(studio.url)
  await setViewport(page)
  await page.evaluate(PROBE_SCRIPT)
  const months = shuffle(await readMonths(page))
  const variants = createVariants()
  for (const variant of variants) await scrubTo(page, takeMonth(months), variant)
  await takeTurns(variants, SAMPLES, async variant => {
    variant.samples.push(await scrubTo(page, takeMonth(months), variant))
  })
  return createReport(variants)
}

function createVariants(): Variant[] {
  return [
    { name: 'drag, rest', moves: 24, restMs: 150, samples: [] },
    { name: 'drag, no rest', moves: 24, restMs: 0, samples: [] },
    { name: 'press', moves: 0, restMs: 80, samples: [] },
    { name: 'tap', moves: 0, restMs: 0, samples: [] },
  ]
}

async function scrubTo(page: Page, month: Month, variant: Variant): Promise<ScrubSample> {
  const scrubber = await readScrubber(page)
  await page.evaluate('armScrub()')
  await dragScrubber(page, { scrubber, share: month.share, hand: variant })
  const sample = await page.evaluate<ScrubSample>('scrubbed')
  const perPixel = GENERATIONS / scrubber.height
  if (Math.abs(sample.number - month.before) > 2 * perPixel + PER_VIEW)
    throw new Error(`generation ${sample.number} is shown instead of ${month.before} for ${month.day}`)
  await waitForRest(page)
  return sample
}

function takeMonth(months: Month[]): Month {
  const month = months.pop()
  if (!month) throw new Error('every month has been shown')
  return month
}

function createReport(variants: readonly Variant[]): BenchResult {
  const samples = ({ samples }: Variant, read: (sample: ScrubSample) => number) => samples.map(read)
  const withTail = (numbers: readonly number[]) =>
    `${formatSamples(numbers, 0)}; ${computeQuantile(numbers, 0.95).toFixed(0)}`
  const target = (name: string, atMost: number, read: (sample: ScrubSample) => number) =>
    variants.map(variant =>
      createTarget({
        target: `${variant.name}: ${name} ≤ ${atMost} ms`,
        value: computeQuantile(samples(variant, read), 0.5),
        digits: 0,
        suffix: ` ms, p95 ${computeQuantile(samples(variant, read), 0.95).toFixed(0)} ms`,
        atMost,
      }),
    )
  const longestBlank = Math.max(...variants.flatMap(variant => samples(variant, ({ blank }) => blank)))
  return buildResult<Variant>({
    title: 'Scrub',
    method: METHOD,
    columns: {
      variant: ({ name }) => name,
      'request, ms': variant => withTail(samples(variant, ({ received }) => Math.max(0, received))),
      'rendering, ms': variant =>
        withTail(samples(variant, ({ placeholders, received }) => placeholders - Math.max(0, received))),
      'placeholders, ms': variant => withTail(samples(variant, ({ placeholders }) => placeholders)),
      'previews, ms': variant => withTail(samples(variant, ({ previews }) => previews)),
      'blank, ms': variant => withTail(samples(variant, ({ blank }) => blank)),
      'longest frame, ms': variant => withTail(samples(variant, ({ longestFrame }) => longestFrame)),
      'longest frame of the drag, ms': variant => withTail(samples(variant, ({ dragFrame }) => dragFrame)),
      'tiles in view': variant =>
        formatSamples(
          samples(variant, ({ tiles }) => tiles),
          0,
        ),
    },
    rows: variants,
    targets: [
      ...target('first placeholders', MAX_PLACEHOLDERS_MS, ({ placeholders }) => placeholders),
      ...target('previews in view', MAX_PREVIEWS_MS, ({ previews }) => previews),
      createTarget({
        target: `no tile in view blank for more than ${MAX_BLANK_MS} ms`,
        value: longestBlank,
        digits: 0,
        suffix: ' ms at most',
        atMost: MAX_BLANK_MS,
      }),
    ],
    samples: Object.fromEntries(
      variants.flatMap(variant => [
        [`${variant.name}: placeholders, ms`, samples(variant, ({ placeholders }) => placeholders)],
        [`${variant.name}: previews, ms`, samples(variant, ({ previews }) => previews)],
      ]),
    ),
  })
}
