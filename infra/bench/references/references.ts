import { loadavg } from 'node:os'
import { join } from 'node:path'
import { REFERENCE_LIMITS, readPicture } from '../../src/images/image.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { openStage, type Served, type Stage } from '../kit/bench-stack.ts'
import { BUCKET, SERVER, STORE_MS } from '../kit/image-files.ts'
import { cpuOf, forgetPeak, peakOf, residentOf } from '../kit/process-use.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { type Arm, interleave, type Measured, ratioOf, type Spread, spreadOf } from '../kit/sampling.ts'
import { another, CROWDS, type Crowd, EIGHT, FORTY, makePicture, ONE, TWENTY } from './reference-images.ts'

const ROUNDS = 8
const TIMES_ONE = 1.3
const TIMES_TWENTY = 1.1
const MB = 1e6
const INGEST = join(import.meta.dirname, '..', '..', '..', 'services', 'ingest', 'src', 'main.ts')
/** Longest that somebody who was told to come again later does so. */
const PATIENCE_MS = 120_000

const METHOD = [
  `Pictures of 2,000 × 2,000 pixels and 12 MB each, none of which is known yet, go to a store that takes ${STORE_MS} ms after the last`,
  'byte, judges each signature (SigV4) and answers with the MD5. One picture; eight at once, each in a request of its own, as the page',
  'sends them; and twenty and forty requests of two at once, 480 and 960 MB, which is more than `BODY_MEMORY_MB` (384) admits: who is',
  'told to come again later does.',
  '',
  '- **seed**: data URLs in the body of a submission; three of a request at a time; kept as they are, looked at by nobody',
  '- **ours**: `POST /api/references` of the real ingest, on a real Postgres: each picture decoded whole, which is its check, kept under',
  '  the hash of its bytes, two previews and a placeholder made, the MD5 of what was stored compared, a row written',
  '- **decoding**: what ours cannot do without, in this process: the check, the previews and the placeholder alone, all at once',
  '',
  `${ROUNDS} rounds, the arms in turns. Numbers are medians, the middle half of the rounds in brackets; ratios are of the same round.`,
  'CPU is that of the service, and so is memory: the most that it had resident during a round, above what it had before the first.',
  'Whoever sends, the service, the store and Postgres share the machine.',
]

interface CrowdArm extends Arm {
  way: 'seed' | 'ours' | 'decoding'
  crowd: Crowd
  memoryBytes: number[]
  /** Requests that were told to come again later, all rounds together. */
  refused: () => number
}

/** Taking references in: the seed's way, ours, and what checking them costs anyone. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using stage = await openStage({ name: 'references' })
  const arms = await armsOn(stage)
  const measured = await interleave(arms, ROUNDS)
  const found = (way: CrowdArm['way'], crowd: Crowd) =>
    measured[arms.findIndex(arm => arm.way === way && arm.crowd === crowd)] ?? {
      milliseconds: [],
      cpuMilliseconds: [],
      name: '',
    }
  return {
    title: 'References',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['arm', 'ms', 'times one picture', 'CPU ms', 'memory, MB', 'told to come again, a round'],
    rows: measured.map((arm, at) => rowOf(arm, arms[at], found)),
    targets: targetsOf(arms, found),
    rounds: Object.fromEntries(measured.map(arm => [arm.name, arm.milliseconds.map(Math.round)])),
  }
}

async function armsOn(stage: Stage): Promise<CrowdArm[]> {
  const picture = await makePicture()
  const store = await stage.serve(join(import.meta.dirname, 'references-store.ts'))
  const s3 = {
    S3_ENDPOINT: store.url,
    S3_BUCKET: BUCKET,
    S3_REGION: SERVER.region,
    S3_ACCESS_KEY_ID: SERVER.accessKeyId,
    S3_SECRET_ACCESS_KEY: SERVER.secretAccessKey,
  }
  const seed = await stage.serve(join(import.meta.dirname, 'references-seed.ts'), s3)
  const ours = await stage.serve(INGEST, s3)
  const sent = CROWDS.flatMap(crowd => [
    servedArm('seed', crowd, seed, () => toSeed(seed.url, picture, crowd)),
    servedArm('ours', crowd, ours, () => toOurs(ours.url, picture, crowd)),
  ])
  return [...(await Promise.all(sent)), ...[ONE, EIGHT].map(crowd => decodingArm(picture, crowd))]
}

async function servedArm(
  way: CrowdArm['way'],
  crowd: Crowd,
  { pid }: Served,
  send: () => Promise<number>,
): Promise<CrowdArm> {
  const idle = await residentOf(pid)
  const memoryBytes: number[] = []
  let refused = 0
  const run = async () => {
    await forgetPeak(pid)
    refused += await send()
    memoryBytes.push((await peakOf(pid)) - idle)
  }
  const name = `${crowd.name}: ${way}`
  return { name, way, crowd, memoryBytes, refused: () => refused, run, cpuMilliseconds: () => cpuOf(pid) }
}

function decodingArm(picture: Buffer, crowd: Crowd): CrowdArm {
  const run = async () => {
    const all = Array.from({ length: crowd.requests }, () => readPicture(picture, REFERENCE_LIMITS))
    await Promise.all(all)
  }
  return { name: `${crowd.name}: decoding`, way: 'decoding', crowd, memoryBytes: [], refused: () => 0, run }
}

/** @returns how often somebody was told to come again later */
async function toSeed(url: string, picture: Buffer, crowd: Crowd): Promise<number> {
  return await sendAll(
    crowd,
    async pictures => {
      const referenceImages = pictures.map(bytes => `data:image/png;base64,${bytes.toString('base64')}`)
      return await fetch(url, { method: 'POST', body: JSON.stringify({ referenceImages }) })
    },
    picture,
  )
}

async function toOurs(url: string, picture: Buffer, crowd: Crowd): Promise<number> {
  return await sendAll(
    crowd,
    async pictures => {
      const body = new FormData()
      for (const bytes of pictures) body.append('file', new Blob([bytes], { type: 'image/png' }), 'noise.png')
      return await fetch(`${url}/api/references`, { method: 'POST', body })
    },
    picture,
  )
}

async function sendAll(
  { requests, pictures }: Crowd,
  send: (pictures: Buffer<ArrayBuffer>[]) => Promise<Response>,
  picture: Buffer,
): Promise<number> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  const one = async () => {
    const own = Array.from({ length: pictures }, () => another(picture))
    for (let refused = 0; ; refused++) {
      const answer = await send(own)
      const text = await answer.text()
      if (answer.status === 201) return refused
      if (answer.status !== 503 || patience.aborted) throw new Error(`answered by ${answer.status}: ${text}`)
      await sleep(Number(answer.headers.get('retry-after')) * 1_000, patience)
    }
  }
  const all = await Promise.all(Array.from({ length: requests }, one))
  return all.reduce((sum, refused) => sum + refused, 0)
}

type Found = (way: CrowdArm['way'], crowd: Crowd) => Measured

function rowOf(arm: Measured, { way, memoryBytes, refused } = NO_ARM, found: Found): string[] {
  return [
    arm.name,
    words(spreadOf(arm.milliseconds), 0),
    words(ratioOf(arm, found(way, ONE)), 2),
    words(spreadOf(arm.cpuMilliseconds), 0),
    memoryBytes.length > 0 ? words(memoryOf(memoryBytes), 0) : '–',
    way === 'ours' ? (refused() / (ROUNDS + 1)).toFixed(1) : '–',
  ]
}

const NO_ARM: Pick<CrowdArm, 'way' | 'memoryBytes' | 'refused'> = { way: 'ours', memoryBytes: [], refused: () => 0 }

function targetsOf(arms: CrowdArm[], found: Found): Report['targets'] {
  const [ours, least] = [
    ratioOf(found('ours', EIGHT), found('ours', ONE)),
    ratioOf(found('decoding', EIGHT), found('decoding', ONE)),
  ]
  const memory = (way: CrowdArm['way'], crowd: Crowd) =>
    memoryOf(arms.find(arm => arm.way === way && arm.crowd === crowd)?.memoryBytes ?? [])
  const [twenty, forty, seeds] = [memory('ours', TWENTY), memory('ours', FORTY), memory('seed', FORTY)]
  return [
    {
      target: `8 at once: at most ${TIMES_ONE} times as long as one picture`,
      reached: `${words(ours, 2)} where decoding alone is ${words(least, 2)}`,
      met: ours.median <= TIMES_ONE,
    },
    {
      target: `memory is bounded whatever arrives: for 40 requests at most ${TIMES_TWENTY} times what 20 take`,
      reached: `${words(forty, 0)} MB above idle after ${words(twenty, 0)}, where the seed has ${words(seeds, 0)}`,
      met: forty.median <= TIMES_TWENTY * twenty.median,
    },
  ]
}

function memoryOf(memoryBytes: readonly number[]): Spread {
  // The first time is not counted.
  return spreadOf(memoryBytes.slice(1).map(bytes => bytes / MB))
}

function words({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
