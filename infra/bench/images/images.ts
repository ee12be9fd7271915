import { rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import { type LineProcess, startLineProcess } from '../kit/line-process.ts'
import { measureTreeMemory } from '../kit/memory.ts'
import { createPhotograph } from '../kit/photograph.ts'
import { readTreeCpuMilliseconds } from '../kit/process-use.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { interleave, type VariantSamples } from '../kit/sampling.ts'
import { computeQuantile, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import { AT_ONCE, IMAGE_SETS, type ImageSet } from './image-sets.ts'

const SAMPLES = 10
const MEMORY_SAMPLES = 3
const MEMORY_EVERY_MS = 20
const MIN_RATIO = 0.85
const MAX_MEMORY_MB = 300
const MB = 1e6
const PREVIEWS = AT_ONCE * PREVIEW_WIDTHS.length

const METHOD = [
  `JPEGs like photographs, ${AT_ONCE} given at once: of each the two previews (${PREVIEW_WIDTHS.join(' and ')} pixels wide, WebP) and the placeholder are made.`,
  'Those of 0.8 MB are in memory, those of 10 MB in a file, as the processor has outputs of these sizes.',
  '',
  '- **ours**: the decoder that ingest and the processor use: each image is inspected, waits for a slot and for memory, is given to a',
  '  decoder process, checked and decoded there once, and its previews are sent back and validated',
  '- **sharp**: `sharp` called alone, with the same settings and one decoding of each image, in one process',
  '',
  `${SAMPLES} samples, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of the same sample. CPU is`,
  `that of the process and its decoders. Memory is the most that they had together, looked at every ${MEMORY_EVERY_MS} ms in ${MEMORY_SAMPLES} further runs, above what the`,
  'process had before its first image, when it has no decoder yet. All images of a run are the same bytes.',
]

type Name = 'ours' | 'sharp'
const NAMES: readonly Name[] = ['ours', 'sharp']

interface Measurement {
  set: ImageSet
  name: Name
  samples: VariantSamples
  /** Peak above idle, in bytes. */
  memory: number
}

/** Measures the making of previews: by our decoder with its processes, and by `sharp` alone. */
export async function run(): Promise<BenchResult> {
  const measured: Measurement[] = []
  for (const set of IMAGE_SETS) measured.push(...(await measureSet(set)))
  return createReport(measured)
}

async function measureSet(set: ImageSet): Promise<Measurement[]> {
  await using stack = new AsyncDisposableStack()
  const path = join(tmpdir(), `darkroom-images-${process.pid}.jpg`)
  await writeFile(path, await createPhotograph(set))
  stack.defer(() => rm(path))
  const programs: { name: Name; program: LineProcess; idle: number }[] = []
  for (const name of NAMES) {
    const program = stack.use(
      await startLineProcess(join(import.meta.dirname, `images-${name}.ts`), [path, set.source]),
    )
    programs.push({ name, program, idle: await measureTreeMemory(program.pid) })
  }
  const variants = programs.map(({ name, program }) => ({
    name,
    run: () => makeAll(program),
    cpuMilliseconds: () => readTreeCpuMilliseconds(program.pid),
  }))
  const measured = await interleave(variants, SAMPLES)
  const measurements: Measurement[] = []
  for (const [at, { name, program, idle }] of programs.entries()) {
    const samples = measured[at]
    if (samples) measurements.push({ set, name, samples, memory: (await measurePeak(program)) - idle })
  }
  return measurements
}

async function makeAll(program: LineProcess): Promise<void> {
  const made = Number(await program.request())
  if (made !== PREVIEWS) throw new Error(`${made} previews of ${PREVIEWS} were made`)
}

/** Returns the most memory that a program and its decoders have together while it makes all previews a few times, in bytes. */
async function measurePeak(program: LineProcess): Promise<number> {
  let [peak, isDone] = [0, false]
  const watch = async () => {
    while (!isDone) {
      peak = Math.max(peak, await measureTreeMemory(program.pid))
      await Bun.sleep(MEMORY_EVERY_MS)
    }
  }
  const watching = watch()
  for (let sample = 0; sample < MEMORY_SAMPLES; sample++) await makeAll(program)
  isDone = true
  await watching
  return peak
}

function createReport(measured: readonly Measurement[]): BenchResult {
  const find = ({ set }: Pick<Measurement, 'set'>, name: Name) =>
    measured.find(other => other.set === set && other.name === name)?.samples ?? {
      milliseconds: [],
      cpuMilliseconds: [],
    }
  return buildResult<Measurement>({
    title: 'Previews of images',
    method: METHOD,
    columns: {
      images: ({ set }) => set.name,
      variant: ({ name }) => name,
      ms: ({ samples }) => formatSamples(samples.milliseconds, 0),
      'previews a second, a core': ({ samples }) => formatRate(samples.milliseconds),
      'CPU ms an image': ({ samples }) =>
        formatSamples(
          samples.cpuMilliseconds.map(ms => ms / AT_ONCE),
          0,
        ),
      'times as fast as sharp': row =>
        formatQuartiles(computeRatio(find(row, 'sharp').milliseconds, row.samples.milliseconds), 2),
      'memory above idle, MB': ({ memory }) => (memory / MB).toFixed(0),
    },
    rows: measured,
    targets: measured.filter(({ name }) => name === 'ours').flatMap(row => createTargets(row, find(row, 'sharp'))),
    samples: Object.fromEntries(
      measured.flatMap(({ set, name, samples }) => [
        [`${set.name}: ${name}`, samples.milliseconds],
        [`${set.name}: ${name}, CPU`, samples.cpuMilliseconds],
      ]),
    ),
  })
}

function formatRate(milliseconds: readonly number[]): string {
  const seconds = (computeQuantile(milliseconds, 0.5) / 1_000) * availableParallelism()
  return (PREVIEWS / seconds).toFixed(1)
}

function createTargets({ set, samples, memory }: Measurement, sharp: Pick<VariantSamples, 'milliseconds'>): Target[] {
  return [
    createTarget({
      target: `images of ${set.name}: at least ${MIN_RATIO} times the previews of sharp alone`,
      value: computeRatio(sharp.milliseconds, samples.milliseconds),
      digits: 2,
      atLeast: MIN_RATIO,
    }),
    createTarget({
      target: `${AT_ONCE} images of ${set.name} at once: at most ${MAX_MEMORY_MB} MB above idle`,
      value: memory / MB,
      digits: 0,
      suffix: ' MB',
      atMost: MAX_MEMORY_MB,
    }),
  ]
}
