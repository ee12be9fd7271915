import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { measureTreeMemory } from '../kit/memory.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeRatio, formatSamples } from '../kit/statistics.ts'
import { createHostileImages, type HostileImage } from './hostile-images.ts'
import { sendHostileImages, startDripping } from './hostile-load.ts'

const SAMPLES = 8
/** Uploads of each sample, of which the median counts. */
const UPLOADS = 5
const EDGE = 1_024
const MEBIBYTE = 1024 * 1024
const MAX_RATIO = 2

const METHOD = [
  `Somebody uploads a picture of ${EDGE} × ${EDGE} pixels to a whole studio, by its address: alone, and at the moment at which others upload six`,
  'hostile pictures at once, while two uploads are open that announce 400 MB and send a byte every five seconds.',
  'The six: a PNG with 640 MB of compressed texts, one of 50,000,000 × 1 pixels, one whose rows inflate to 200 MB, one with a profile',
  'that does, one with a million text chunks, and 49 megapixels of white (which is accepted). All from one address.',
  '',
  `${SAMPLES} samples, in turns, of the median of ${UPLOADS} uploads, each with six hostile ones of its own; medians, the middle half in brackets. Who`,
  'sends shares the machine.',
]

interface Measurement {
  name: 'alone' | 'among hostile uploads'
  milliseconds: number[]
  /** Memory of ingest and its decoders, in MiB. */
  memory: number[]
  statuses: Map<number, number>
}

/** Measures an upload alone, and among hostile ones. */
export async function run(): Promise<BenchResult> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  const images = createHostileImages()
  const measured: Measurement[] = (['alone', 'among hostile uploads'] as const).map(name => ({
    name,
    milliseconds: [],
    memory: [],
    statuses: new Map(),
  }))
  await uploadImage(studio, await createUniqueImage())
  await takeTurns(measured, SAMPLES, async measurement => {
    if (measurement.name === 'alone') return await measure(studio, measurement)
    await using _drips = startDripping(studio.url)
    await measure(studio, measurement, images)
  })
  return createReport(measured)
}

async function measure(
  studio: TestStudio,
  { milliseconds, memory, statuses }: Measurement,
  hostile: readonly HostileImage[] = [],
): Promise<void> {
  const times: number[] = []
  for (let upload = 0; upload < UPLOADS; upload++) {
    const image = await createUniqueImage()
    const responses = sendHostileImages(studio.url, hostile)
    times.push(await uploadImage(studio, image))
    memory.push((await measureTreeMemory(await studio.pidOf('ingest'))) / MEBIBYTE)
    for (const status of await responses) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  milliseconds.push(times.toSorted((a, b) => a - b)[UPLOADS >> 1] ?? 0)
}

/** Creates a picture that the studio does not know yet. */
async function createUniqueImage(): Promise<Uint8Array<ArrayBuffer>> {
  const raw = { width: EDGE, height: EDGE, channels: 3 } as const
  return new Uint8Array(
    await sharp(randomBytes(EDGE * EDGE * 3), { raw })
      .blur(3)
      .png()
      .toBuffer(),
  )
}

/** Uploads a picture. @returns the time in ms */
async function uploadImage({ url }: TestStudio, image: Uint8Array<ArrayBuffer>): Promise<number> {
  const body = new FormData()
  body.append('file', new Blob([image], { type: 'image/png' }), 'a.png')
  const began = performance.now()
  const response = await fetch(`${url}/api/references`, { method: 'POST', body })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`answered by ${response.status}: ${text}`)
  return performance.now() - began
}

function createReport(measured: readonly Measurement[]): BenchResult {
  const [alone, among] = measured
  const ratio = computeRatio(among?.milliseconds ?? [], alone?.milliseconds ?? [])
  return buildResult<Measurement>({
    title: 'An upload among hostile ones',
    method: METHOD,
    columns: {
      variant: ({ name }) => name,
      ms: ({ milliseconds }) => formatSamples(milliseconds, 0),
      'memory of ingest and its decoders, MiB': ({ memory }) => formatSamples(memory, 0),
      'answers to the hostile': ({ statuses }) =>
        [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ') || '–',
    },
    rows: measured,
    targets: [
      createTarget({
        target: `an upload among hostile ones takes at most ${MAX_RATIO} times as long as alone`,
        value: ratio,
        digits: 2,
        atMost: MAX_RATIO,
      }),
    ],
    samples: Object.fromEntries(measured.map(({ name, milliseconds }) => [name, milliseconds])),
  })
}
