import { loadavg } from 'node:os'
import { join } from 'node:path'
import { LARGE, PROVIDER_MS, SMALL, STORE_MS } from '../kit/image-files.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import { type Arm, interleave, type Measured, ratioOf, type Spread, spreadOf } from '../kit/sampling.ts'
import { measureLarge } from './uploads-large.ts'
import { fetchUpload, ourUpload, plainUpload, seedUpload, type Upload, uploadAll } from './uploads-variants.ts'

const ROUNDS = 15
const LARGE_ROUNDS = 11
const TIMES_SEQUENTIAL = 7
const TIMES_FLOOR = 1.3
const MEMORY_MB = 100
const MB = 1e6

const METHOD = [
  `Outputs are fetched from a provider that takes ${PROVIDER_MS} ms and put into a store that takes ${STORE_MS} ms after the last byte:`,
  `${SMALL.count} of ${SMALL.bytes / MB} MB, then ${LARGE.count} of ${LARGE.bytes / MB} MB. The two are one process, on the machine that the arms run on. The store judges each`,
  'signature (SigV4) and the hash that was signed, and compares every byte.',
  '',
  '- **sequential**: one after the other; `PutObject` of the bytes by the SDK as it comes',
  '- **seed, 3** (and 8): the same, so many at a time by `p-limit`',
  '- **ours**, small: what the processor does but for decoding the picture: `safeGet`, then the s3 store, which compares the MD5 that',
  '  is answered with that of what it sent; so many at once',
  '- **ours**, large: all that the processor does: from `safeGet` to a file, hashed on the way; every box of the video looked at; the',
  '  file put as a stream whose hash is signed, the MD5 compared; within `UPLOAD_MEMORY_MB` of 64',
  `- **store, ${SMALL.count}**: as ours, small, with plain \`fetch\` in place of \`safeGet\``,
  '- **floor**: all at once by plain `fetch`, unsigned, the MD5 compared: what the two waits, the bytes and the check cost anyone; the',
  '  large ones straight from one to the other, kept and looked at nowhere',
  '',
  `${ROUNDS} rounds, ${LARGE_ROUNDS} of the large files, the arms in turns. Numbers are medians, the middle half of the rounds in brackets; ratios are of`,
  'the same round. CPU is that of the uploading process. Each arm of the large files is a process of its own; memory is the most that it',
  'had resident during a round, above what it had before it first ran.',
]

/** Fetching outputs and storing them: the seed's way, ours, and what nobody can do without. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using servers = await startServers()
  const small = await interleave(armsAt(servers.url), ROUNDS)
  const large = await measureLarge(servers.url, LARGE_ROUNDS)
  return {
    title: 'Uploads',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['arm', 'ms', 'times as fast as sequential', 'times the floor', 'CPU ms', 'memory, MB'],
    rows: [
      ...rowsOf(sizeWords(SMALL), small, () => '–'),
      ...rowsOf(sizeWords(LARGE), large, (_, at) => words(memoryOf(large[at]), 0)),
    ],
    targets: [
      ...targetsOf(sizeWords(SMALL), small, SMALL.count),
      ...targetsOf(sizeWords(LARGE), large, LARGE.count),
      memoryTarget(memoryOf(large.find(({ name }) => name === `ours, ${LARGE.count}`))),
    ],
    rounds: { ...roundsOf('small', small), ...roundsOf('large', large) },
  }
}

function armsAt(url: string): Arm[] {
  return [
    armOf('sequential', 1, seedUpload(url, SMALL)),
    armOf('seed, 3', 3, seedUpload(url, SMALL)),
    armOf('ours, 3', 3, ourUpload(url, SMALL)),
    armOf(`ours, ${SMALL.count}`, SMALL.count, ourUpload(url, SMALL)),
    armOf(`store, ${SMALL.count}`, SMALL.count, fetchUpload(url, SMALL)),
    armOf('floor', SMALL.count, plainUpload(url, SMALL)),
  ]
}

function armOf(name: string, concurrency: number, upload: Upload): Arm {
  return { name, run: () => uploadAll(SMALL, concurrency, upload) }
}

function rowsOf(
  size: string,
  measured: readonly Measured[],
  memory: (arm: Measured, at: number) => string,
): string[][] {
  const [sequential, floor] = [named(measured, 'sequential'), named(measured, 'floor')]
  return measured.map((arm, at) => [
    `${size}: ${arm.name}`,
    words(spreadOf(arm.milliseconds), 0),
    words(ratioOf(sequential, arm), 2),
    words(ratioOf(arm, floor), 2),
    words(spreadOf(arm.cpuMilliseconds), 0),
    memory(arm, at),
  ])
}

function targetsOf(size: string, measured: readonly Measured[], count: number): Report['targets'] {
  const [sequential, floor] = [named(measured, 'sequential'), named(measured, 'floor')]
  const ours = named(measured, `ours, ${count}`)
  const [speedUp, mostPossible, overFloor] = [
    ratioOf(sequential, ours),
    ratioOf(sequential, floor),
    ratioOf(ours, floor),
  ]
  return [
    {
      target: `${size}, ${count} at once: at least ${TIMES_SEQUENTIAL} times as fast as sequential`,
      reached: `${words(speedUp, 2)} where the floor is ${words(mostPossible, 2)}`,
      met: speedUp.median >= TIMES_SEQUENTIAL,
    },
    {
      target: `${size}, ${count} at once: at most ${TIMES_FLOOR} times the floor`,
      reached: words(overFloor, 2),
      met: overFloor.median <= TIMES_FLOOR,
    },
  ]
}

function memoryTarget(memory: Spread): Report['targets'][number] {
  return {
    target: `${sizeWords(LARGE)}, ${LARGE.count} at once: at most ${MEMORY_MB} MB above idle`,
    reached: `${words(memory, 0)} MB`,
    met: memory.median <= MEMORY_MB,
  }
}

function memoryOf(arm: { memoryBytes: readonly number[] } | undefined): Spread {
  return spreadOf((arm?.memoryBytes ?? []).map(bytes => bytes / MB))
}

function roundsOf(name: string, measured: readonly Measured[]): Report['rounds'] {
  return Object.fromEntries(measured.map(arm => [`${name}: ${arm.name}`, arm.milliseconds.map(Math.round)]))
}

function named(measured: readonly Measured[], name: string): Measured {
  const arm = measured.find(arm => arm.name === name)
  if (!arm) throw new Error(`there is no arm ${name}`)
  return arm
}

function sizeWords({ count, bytes }: typeof SMALL): string {
  return `${count} × ${bytes / MB} MB`
}

async function startServers(): Promise<{ url: string } & AsyncDisposable> {
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, 'uploads-servers.ts')], {
    stdin: 'ignore',
    stdout: 'pipe',
  })
  const stop = async () => {
    child.kill()
    await child.exited
  }
  const line = await child.stdout.getReader().read()
  return { url: new TextDecoder().decode(line.value).trim(), [Symbol.asyncDispose]: stop }
}

function words({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
