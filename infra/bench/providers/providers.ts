import sharp from 'sharp'
import type { Database } from '../../src/database/connection.ts'
import { OUTPUT_LIMITS } from '../../src/images/check-image.ts'
import { readImage } from '../../src/images/image.ts'
import { waitForModels } from '../../testing/studio/connections-client.ts'
import { isFinished, type StudioClient } from '../../testing/studio/studio-client.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { openPage, type Page, setViewport } from '../kit/page.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile, formatSamples } from '../kit/statistics.ts'
import { openStudioClients } from '../kit/studio-clients.ts'
import { preparePage, submitAndPaint } from './painted-image.ts'
import { type ProviderVariant, startProviderFakes } from './provider-variants.ts'

const SAMPLES = 30
const WARM_UPS = 3
const MIN_WORK_MS = 500
const MAX_WORK_MS = 1_000
const MAX_P50_MS = 150
const MAX_P95_MS = 400
const MODELS_MS = 30_000
const SIDE = 1_024

const METHOD = [
  'A page in Chromium has a studio open and submits generations, one after another, each of one image: what the studio adds to the',
  'time that the provider takes by itself, until the preview of the image is painted. Providers are the fakes of the test suite, in',
  `one process beside the studio. They answer with a picture of ${SIDE} × ${SIDE} pixels of 3 MB, and take ${MIN_WORK_MS} to ${MAX_WORK_MS} ms for`,
  'it, at random, so that polls come at any moment: their time is that from the receipt of a submission until the image is made.',
  '',
  '- **demo**: a picture of 512 × 512 pixels; there is no provider, and the time of the drawing counts as well',
  '- **openai**: the image is in the answer to the submission',
  '- **openai, polled**: in the background; the adapter asks until it is made, and the image is in the last answer',
  '- **openai-compatible**: a URL is in the answer to the submission',
  '- **comfyui**: the server tells by its websocket that the prompt has ended; the image is behind a URL',
  '- **decoding and previews alone**: what has to be done with such an image before anyone may see it, by the same code with nothing around it',
  '',
  '**to the provider**: from the click to the receipt of the submission, through gateway, ingest, database, queue, claim and journal.',
  '**to the store**: from the image that is made until its generation is completed in the database: answer, journal, decoding,',
  'previews and store. **to the screen**: from there through outbox, bus, query and event stream to the request, decoding and paint',
  `of the preview. ${SAMPLES} samples each, in turns; medians, the middle half in brackets.`,
]

/** Times that the studio has added to that of the provider, in ms. */
interface Samples {
  variant: ProviderVariant
  added: number[]
  toProvider: number[]
  toStore: number[]
  toScreen: number[]
}

/** Measures what the studio adds to a provider's own time, from a submission to the picture on the screen, by adapter. */
export async function run(): Promise<BenchResult> {
  const image = await createImage()
  await using fakes = await startProviderFakes(image)
  await using studio = await startTestStudio({ NODE_ENV: 'production', ...fakes.env })
  for (const connection of ['openai', 'openai-compatible', 'comfyui'])
    await waitForModels(studio, connection, { milliseconds: MODELS_MS })
  await using clients = await openStudioClients(studio)
  await using page = await openPage(studio.url)
  await setViewport(page)
  await preparePage(page)
  const deps = { page, studio, database: clients.database }
  const measured = fakes.variants.map(variant => createSamples(variant))
  for (const { variant } of measured)
    for (let time = 0; time < WARM_UPS; time++) await measure(deps, createSamples(variant))
  const alone: number[] = []
  const turns = [...measured.map(samples => () => measure(deps, samples)), () => measureAlone(image, alone)]
  await takeTurns(turns, SAMPLES, turn => turn())
  return createReport(measured, alone)
}

interface MeasureDeps {
  page: Page
  studio: Pick<StudioClient, 'waitForGeneration'>
  database: Database
}

function createSamples(variant: ProviderVariant): Samples {
  return { variant, added: [], toProvider: [], toStore: [], toScreen: [] }
}

async function measure({ page, studio, database }: MeasureDeps, samples: Samples): Promise<void> {
  const { setWorkMilliseconds, times, body } = samples.variant
  setWorkMilliseconds?.(MIN_WORK_MS + Math.random() * (MAX_WORK_MS - MIN_WORK_MS))
  const { id, submittedAt, paintedAt } = await submitAndPaint(page, body)
  // The picture may be on the screen before the row is completed.
  await studio.waitForGeneration(id, isFinished)
  const [row] = await database<{ started: number; completed: number }[]>`
    select extract(epoch from started_at)::float * 1000 as started, extract(epoch from completed_at)::float * 1000 as completed
    from generations where id = ${id}`
  if (!row) throw new Error(`generation ${id} is not there`)
  // The demo begins with the claim, and what it takes counts.
  const work = setWorkMilliseconds ? times.at(-1) : { startedAt: row.started, endedAt: row.started }
  if (!work || work.startedAt < submittedAt) throw new Error('the fake has received no submission')
  samples.toProvider.push(work.startedAt - submittedAt)
  samples.toStore.push(row.completed - work.endedAt)
  samples.toScreen.push(paintedAt - row.completed)
  samples.added.push(paintedAt - submittedAt - (work.endedAt - work.startedAt))
}

/** Measures the least that is done with an image before it is shown: it is decoded as a check, and has its previews made, in this process. */
async function measureAlone(image: Uint8Array, milliseconds: number[]): Promise<void> {
  const startedAt = performance.now()
  await readImage(image, OUTPUT_LIMITS)
  milliseconds.push(performance.now() - startedAt)
}

/** Creates an image with detail of several sizes. @returns PNG bytes */
async function createImage(): Promise<Uint8Array> {
  const layers = await Promise.all(
    [4, 16, 64].map(async detail => {
      const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
      const small = sharp({ create: { width: detail, height: detail, channels: 3, background: '#808080', noise } })
      return await sharp(await small.png().toBuffer())
        .resize(SIDE, SIDE, { kernel: 'cubic' })
        .png()
        .toBuffer()
    }),
  )
  const [coarse, ...finer] = layers
  const clouds = sharp(coarse).composite(finer.map(input => ({ input, blend: 'soft-light' as const })))
  return await clouds.png().toBuffer()
}

function createReport(measured: readonly Samples[], alone: readonly number[]): BenchResult {
  return buildResult<Samples>({
    title: 'Providers',
    method: METHOD,
    columns: {
      variant: ({ variant }) => variant.name,
      'added, p50 ms': ({ added }) => formatSamples(added, 0),
      'p95 ms': ({ added }) => computeQuantile(added, 0.95).toFixed(0),
      'to the provider, ms': ({ toProvider }) => formatSamples(toProvider, 0),
      'to the store, ms': ({ toStore }) => formatSamples(toStore, 0),
      'to the screen, ms': ({ toScreen }) => formatSamples(toScreen, 0),
    },
    rows: measured,
    extraRows: [
      ['decoding and previews alone', formatSamples(alone, 0), computeQuantile(alone, 0.95).toFixed(0), '–', '–', '–'],
    ],
    targets: measured.flatMap(({ variant: { name }, added }) =>
      [
        { share: 0.5, atMost: MAX_P50_MS },
        { share: 0.95, atMost: MAX_P95_MS },
      ].map(({ share, atMost }) =>
        createTarget({
          target: `${name}: p${share * 100} ≤ ${atMost} ms`,
          value: computeQuantile(added, share),
          digits: 0,
          suffix: ' ms',
          atMost,
        }),
      ),
    ),
    samples: {
      ...Object.fromEntries(measured.map(({ variant, added }) => [`${variant.name}, ms`, added])),
      'decoding and previews alone, ms': alone,
    },
  })
}
