import { loadavg } from 'node:os'
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
  `${COUNT} outputs of ${BYTES / 1e6} MB are fetched from a provider that takes ${PROVIDER_MS} ms and put into a store that takes ${STORE_MS} ms after the`,
  'last byte. The two are one process, on the machine that the arms run on. The store judges each signature (SigV4) and the',
  'hash that was signed, and compares every byte.',
  '',
  '- **sequential**: one after the other; `PutObject` of the bytes by the SDK as it comes',
  '- **seed, 3**: the same, three at a time by `p-limit`',
  `- **ours, 3** and **ours, ${COUNT}**: what the processor does but for decoding the picture: \`safeGet\`, then the s3 store, which compares`,
  '  the MD5 that is answered with that of what it sent; so many at once',
  `- **store, ${COUNT}**: the same with plain \`fetch\` in place of \`safeGet\``,
  '- **floor**: all at once by plain `fetch`, unsigned, the MD5 compared: what the two waits, the bytes and the check cost anyone',
  '',
  `${ROUNDS} rounds, the arms in turns. Numbers are medians, the middle half of the rounds in brackets; ratios are of the same round.`,
  'CPU is that of the uploading process.',
]

/** Fetching outputs and storing them: the seed's way, ours, and what nobody can do without. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using servers = await startServers()
  const measured = await interleave(armsAt(servers.url), ROUNDS)
  const sequential = armOf(measured, 'sequential')
  const floor = armOf(measured, 'floor')
  const ours = armOf(measured, `ours, ${COUNT}`)
  const row = (arm: Measured) => [
    arm.name,
    words(spreadOf(arm.milliseconds), 0),
    words(ratioOf(sequential, arm), 2),
    words(ratioOf(arm, floor), 2),
    words(spreadOf(arm.cpuMilliseconds), 0),
  ]
  return {
    title: 'Uploads',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['arm', 'ms', 'times as fast as sequential', 'times the floor', 'CPU ms'],
    rows: measured.map(row),
    targets: targetsOf(ratioOf(sequential, ours), ratioOf(sequential, floor), ratioOf(ours, floor)),
    rounds: Object.fromEntries(measured.map(({ name, milliseconds }) => [name, milliseconds.map(Math.round)])),
  }
}

function targetsOf(speedUp: Spread, mostPossible: Spread, overFloor: Spread): Report['targets'] {
  return [
    {
      target: `at least ${TIMES_SEQUENTIAL} times as fast as sequential, ${COUNT} at once`,
      reached: `${words(speedUp, 2)} where the floor is ${words(mostPossible, 2)}`,
      met: speedUp.median >= TIMES_SEQUENTIAL,
    },
    {
      target: `at most ${TIMES_FLOOR} times the floor, ${COUNT} at once`,
      reached: words(overFloor, 2),
      met: overFloor.median <= TIMES_FLOOR,
    },
  ]
}

function armOf(measured: readonly Measured[], name: string): Measured {
  const arm = measured.find(arm => arm.name === name)
  if (!arm) throw new Error(`there is no arm ${name}`)
  return arm
}

function armsAt(url: string): Arm[] {
  const seed = seedUpload(url)
  const ours = ourUpload(url, safely)
  return [
    armAt('sequential', 1, seed),
    armAt('seed, 3', 3, seed),
    armAt('ours, 3', 3, ours),
    armAt(`ours, ${COUNT}`, COUNT, ours),
    armAt(`store, ${COUNT}`, COUNT, ourUpload(url, plainly)),
    armAt('floor', COUNT, index => plainUpload(url, index)),
  ]
}

/** Uploads all outputs, so many at once. */
function armAt(name: string, concurrency: number, upload: (index: number) => Promise<void>): Arm {
  const outputs = [...Array(COUNT).keys()]
  const limit = pLimit(concurrency)
  const run = async () => {
    await Promise.all(outputs.map(index => limit(() => upload(index))))
  }
  return { name, run }
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

function ourUpload(url: string, get: typeof safely): (index: number) => Promise<void> {
  const store = openS3({ ...SERVER, endpoint: url, bucket: BUCKET, forcePathStyle: true })
  return async index => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    await store.put(String(index), await get(`${url}/provider/${index}`, signal), { signal })
  }
}

async function safely(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const limits = { maxBytes: 2 * BYTES, deadlineMs: DEADLINE_MS, allowOrigins: [new URL(url).origin], signal }
  return await readAll(await safeGet(url, limits), signal)
}

async function plainly(url: string, signal: AbortSignal): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(url, { signal })).arrayBuffer())
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
