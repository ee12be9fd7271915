import { openStudioHistory } from '../../testing/data/history.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { openPage, type Page, setViewport } from '../kit/page.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuartiles, formatSamples } from '../kit/statistics.ts'
import { type LoadOptions, loadStudio, type PageLoad, prepareLoads } from './page-load.ts'
import { drawWaterfall } from './waterfall.ts'

const GENERATIONS = 10_000
const SAMPLES = 20
const MAX_MILLISECONDS = 300
const MAX_SCRIPT_BYTES = 60_000
const MAX_LIST_BYTES = 16_000

const METHOD = [
  `The page of a studio of ${GENERATIONS.toLocaleString('en')} generations in Chromium, 1440 × 900, at the studio's address: from the end of the document's response`,
  'until the first rows, and then the first image, are painted, and what came over the wire until the first rows.',
  '',
  '- **as written**: nothing is compressed, and the list is requested by the page once its script runs',
  '- **compressed**: scripts as the build has compressed them, the list by zstd',
  '- **ours**: and the list is requested before the script is there',
  '- **ours, again**: the browser has the files of an earlier visit; the document is revalidated and the list is read anew',
  '',
  `${SAMPLES} samples, the variants in turns; medians, the middle half in brackets.`,
]

interface Variant extends LoadOptions {
  name: string
  loads: PageLoad[]
}

const EARLY_SCRIPT = '*/assets/early-*'

/** Measures how soon the page shows its first rows, and what it fetches for that. */
export async function run(): Promise<BenchResult> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  await using history = await openStudioHistory(studio)
  await history.insertFinished(GENERATIONS)
  await history.vacuum()
  await using page = await openPage(studio.url)
  await setViewport(page)
  await prepareLoads(page)
  const variants = createVariants()
  for (const variant of variants) await loadStudio(page, studio.url, variant)
  await takeTurns(variants, SAMPLES, variant => sampleLoad(page, studio.url, variant))
  return createReport(variants)
}

function createVariants(): Variant[] {
  const first = { isCached: false, isCompressed: true, blocked: [] }
  return [
    { ...first, name: 'as written', isCompressed: false, blocked: [EARLY_SCRIPT], loads: [] },
    { ...first, name: 'compressed', blocked: [EARLY_SCRIPT], loads: [] },
    { ...first, name: 'ours', loads: [] },
    { ...first, name: 'ours, again', isCached: true, loads: [] },
  ]
}

async function sampleLoad(page: Page, url: string, variant: Variant): Promise<void> {
  // The variant before may have left nothing, or other files, in the cache.
  if (variant.isCached) await loadStudio(page, url, variant)
  variant.loads.push(await loadStudio(page, url, variant))
}

function createReport(variants: readonly Variant[]): BenchResult {
  const samples = (variant: Variant, key: Exclude<keyof PageLoad, 'spans'>) => variant.loads.map(load => load[key])
  const kilobytes = (variant: Variant, key: 'scriptBytes' | 'listBytes') =>
    samples(variant, key).map(bytes => bytes / 1_000)
  const [before, , first, again] = variants
  if (!before || !first || !again) throw new Error('The variants are not complete.')
  return buildResult<Variant>({
    title: 'First rows',
    method: [
      ...METHOD,
      '',
      'The medians as a waterfall, in ms since the end of the document:',
      '',
      ...[before, first, again].flatMap(({ name, loads }) => drawWaterfall(name, loads)),
    ],
    columns: {
      variant: ({ name }) => name,
      'first rows, ms': variant => formatSamples(samples(variant, 'milliseconds'), 0),
      'first image, ms': variant => formatSamples(samples(variant, 'imageMilliseconds'), 0),
      'scripts, KB': variant => formatSamples(kilobytes(variant, 'scriptBytes'), 1),
      'list, KB': variant => formatSamples(kilobytes(variant, 'listBytes'), 1),
    },
    rows: variants,
    targets: [
      ...[first, again].map(variant =>
        createTarget({
          target: `${variant.name}: first rows ≤ ${MAX_MILLISECONDS} ms after the document`,
          value: computeQuartiles(samples(variant, 'milliseconds')),
          digits: 0,
          suffix: ' ms',
          atMost: MAX_MILLISECONDS,
        }),
      ),
      createBytesTarget('scripts of the first load', kilobytes(first, 'scriptBytes'), MAX_SCRIPT_BYTES),
      createBytesTarget('page of 50', kilobytes(first, 'listBytes'), MAX_LIST_BYTES),
    ],
    samples: Object.fromEntries(variants.map(variant => [`${variant.name}, ms`, samples(variant, 'milliseconds')])),
  })
}

function createBytesTarget(what: string, kilobytes: readonly number[], maxBytes: number) {
  const atMost = maxBytes / 1_000
  return createTarget({
    target: `${what} ≤ ${atMost} KB on the wire`,
    value: computeQuartiles(kilobytes),
    digits: 1,
    suffix: ' KB',
    atMost,
  })
}
