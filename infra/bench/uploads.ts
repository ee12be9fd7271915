import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { readAll, safeGet } from '../src/safe-get.ts'
import { openS3 } from '../src/store/s3.ts'
import { describeMachine, type Report } from './report.ts'
import { type Arm, interleave, type Measured, ratioOf, type Spread, spreadOf } from './rounds.ts'
import { BUCKET, BYTES, COUNT, PROVIDER_MS, SERVER, STORE_MS } from './uploads-pictures.ts'

const ROUNDS = 15
const DEADLINE_MS = 30_000
const TIMES_SEQUENTIAL = 7
const TIMES_FLOOR = 1.3

const METHOD = [
  `${COUNT} outputs of ${BYTES / 1e6} MB are fetched from a provider that takes ${PROVIDER_MS} ms and put into a store that takes ${STORE_MS} ms after`,
  'the last byte. Provider and store are one process on the same machine. The store judges each signature (SigV4) and',
  'compares every byte; the arms marked *verified* also compare the MD5 it answers with what they sent.',
  '',
  `- **sequential**: one after the other, the SDK as it comes (\`PutObject\` with the bytes)`,
  `- **seed**: the same, three at a time by \`p-limit\``,
  '- **ours, 3** and **ours, 8**: `safeGet` and the s3 store, verified; three is what a studio starts with',
  '- **floor**: all at once by plain `fetch`, unsigned, verified: what the two waits, the bytes and the check cost whoever does it',
  '',
  `${ROUNDS} rounds, the arms in turns. Numbers are medians, with the middle half of the rounds in brackets; ratios are of the`,
  'same round.',
]

/** Fetching outputs and storing them: the seed's way, ours, and what nobody can do without. */
export async function run(): Promise<Report> {
  await using servers = await startServers()
  const measured = await interleave(armsAt(servers.url), ROUNDS)
  const [sequential, seed, three, eight, floor] = measured
  if (!sequential || !seed || !three || !eight || !floor) throw new Error('an arm is missing')
  const row = (arm: Measured) => [
    arm.name,
    words(spreadOf(arm.milliseconds), 0),
    words(ratioOf(sequential, arm), 2),
    words(ratioOf(arm, floor), 2),
    words(spreadOf(arm.cpuMilliseconds), 0),
  ]
  const speedUp = ratioOf(sequential, eight)
  const overFloor = ratioOf(eight, floor)
  return {
    title: 'Uploads',
    method: METHOD,
    machine: describeMachine(),
    columns: ['arm', 'ms', 'times as fast as sequential', 'times the floor', 'CPU ms'],
    rows: measured.map(row),
    targets: [
      {
        target: `at least ${TIMES_SEQUENTIAL} times as fast as sequential, at concurrency ${COUNT}`,
        reached: words(speedUp, 2),
        met: speedUp.median >= TIMES_SEQUENTIAL,
      },
      {
        target: `at most ${TIMES_FLOOR} times the floor, at concurrency ${COUNT}`,
        reached: words(overFloor, 2),
        met: overFloor.median <= TIMES_FLOOR,
      },
    ],
    rounds: Object.fromEntries(measured.map(({ name, milliseconds }) => [name, milliseconds])),
  }
}

function armsAt(url: string): Arm[] {
  const outputs = [...Array(COUNT).keys()]
  const seed = seedUpload(url)
  const ours = ourUpload(url)
  const limited = (name: string, concurrency: number, upload: (index: number) => Promise<void>): Arm => ({
    name,
    run: async () => {
      const limit = pLimit(concurrency)
      await Promise.all(outputs.map(index => limit(() => upload(index))))
    },
  })
  return [
    limited('sequential', 1, seed),
    limited('seed, 3', 3, seed),
    limited('ours, 3', 3, ours),
    limited(`ours, ${COUNT}`, COUNT, ours),
    limited('floor', COUNT, index => plainUpload(url, index)),
  ]
}

/** As the seed has it: the bytes in memory, and the SDK as it comes. */
function seedUpload(url: string): (index: number) => Promise<void> {
  const { region, ...credentials } = SERVER
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true })
  return async index => {
    const response = await fetch(`${url}/provider/${index}`)
    const body = Buffer.from(await response.arrayBuffer())
    await client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: String(index), Body: body, ContentType: 'image/png' }),
    )
  }
}

function ourUpload(url: string): (index: number) => Promise<void> {
  const store = openS3({ ...SERVER, endpoint: url, bucket: BUCKET, forcePathStyle: true })
  return async index => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const limits = { maxBytes: 2 * BYTES, deadlineMs: DEADLINE_MS, allowOrigins: [url], signal }
    const bytes = await readAll(await safeGet(`${url}/provider/${index}`, limits), signal)
    await store.put(String(index), bytes, { signal })
  }
}

async function plainUpload(url: string, index: number): Promise<void> {
  const body = await (await fetch(`${url}/provider/${index}`)).arrayBuffer()
  const answer = fetch(`${url}/floor/${index}`, { method: 'PUT', body })
  const md5 = new Bun.CryptoHasher('md5').update(body).digest('hex')
  if ((await answer).headers.get('etag') !== `"${md5}"`) throw new Error('the store has something else')
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
