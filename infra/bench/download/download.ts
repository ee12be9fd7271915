import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { sleep } from '../../src/runtime/timers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { type BenchServer, type BenchStack, openBenchStack } from '../kit/bench-stack.ts'
import { readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { type DownloadSet, type StoredSet, storeSet } from './download-rows.ts'
import { hashZipFiles } from './zip-file.ts'

const MB = 1_000_000
const LARGE: DownloadSet = {
  name: '2 GB: 64 generations of 4 files of 8 MB',
  generations: 64,
  outputs: 4,
  bytes: 8 * MB,
}
const MANY: DownloadSet = {
  name: '10,000 generations of 1 file of 8 KB',
  generations: 10_000,
  outputs: 1,
  bytes: 8_000,
}
const SLOW_BYTES_PER_SECOND = 40 * MB
const MAX_MEGABYTES = 120

const METHOD = [
  'A ZIP by `POST /api/download`, from the query service on a disk store, written to a file and compared with the stored objects by SHA-256.',
  '',
  '- **fast**: the client reads as fast as it can',
  `- **slow**: the client reads ${SLOW_BYTES_PER_SECOND / MB} MB a second`,
  '- **peak**: the largest resident memory of the query service while it sends, its program and libraries included; **before**: the same before the first download',
]

interface Download {
  set: StoredSet
  client: 'fast' | 'slow'
  firstByteMs: number
  seconds: number
  megabytes: number
  peakMegabytes: number
  /** Stored objects that are not in the ZIP as they are, and files that are not stored objects. */
  differing: number
}

/** Measures the time and the memory of ZIPs of 2 GB and of ten thousand generations. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  const store = await openStore({ DATA_DIR: join(stack.folder, 'data') })
  const [large, many] = [await storeSet(stack.database, store, LARGE), await storeSet(stack.database, store, MANY)]
  const query = await stack.startService('query', { LOG_LEVEL: 'silent' })
  const before = (await readResidentBytes(query.pid)) / MB
  const downloads: Download[] = []
  for (const [set, client] of [
    [large, 'slow'],
    [large, 'fast'],
    [many, 'fast'],
  ] as const)
    downloads.push(await measureDownload(stack, query, { set, client }))
  return createReport(downloads, before)
}

async function measureDownload(
  stack: BenchStack,
  query: BenchServer,
  { set, client }: Pick<Download, 'set' | 'client'>,
): Promise<Download> {
  const path = join(stack.folder, 'download.zip')
  await resetPeak(query.pid)
  const start = performance.now()
  const body = JSON.stringify({ ids: set.ids })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${query.url}/api/download`, { method: 'POST', headers, body })
  if (!response.ok || !response.body) throw new Error(`the download is refused: ${await response.text()}`)
  const reader = response.body.getReader()
  const first = await reader.read()
  const firstByteMs = performance.now() - start
  const bytes = await writeFile(path, {
    first,
    reader,
    bytesPerSecond: client === 'slow' ? SLOW_BYTES_PER_SECOND : null,
  })
  const seconds = (performance.now() - start) / 1_000
  const peakMegabytes = (await readPeakBytes(query.pid)) / MB
  const differing = countDiffering(await hashZipFiles(path), set.hashes)
  return { set, client, firstByteMs, seconds, megabytes: bytes / MB, peakMegabytes, differing }
}

interface ZipBody {
  first: Bun.ReadableStreamDefaultReadResult<Uint8Array>
  reader: { read(): Promise<Bun.ReadableStreamDefaultReadResult<Uint8Array>> }
  bytesPerSecond: number | null
}

/** Writes a body to a file, no faster than its client reads. @returns its length in bytes */
async function writeFile(path: string, { first, reader, bytesPerSecond }: ZipBody): Promise<number> {
  await using file = await open(path, 'w')
  const start = performance.now()
  let bytes = 0
  for (let next = first; !next.done; next = await reader.read()) {
    await file.write(next.value)
    bytes += next.value.byteLength
    const aheadMs = bytesPerSecond === null ? 0 : (bytes / bytesPerSecond) * 1_000 - (performance.now() - start)
    if (aheadMs > 1) await sleep(aheadMs, new AbortController().signal)
  }
  return bytes
}

function countDiffering(found: readonly string[], stored: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const hash of found) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  for (const hash of stored) counts.set(hash, (counts.get(hash) ?? 0) - 1)
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0)
}

function createReport(downloads: readonly Download[], before: number): BenchResult {
  const slow = downloads.find(({ client }) => client === 'slow')
  const differing = downloads.reduce((sum, download) => sum + download.differing, 0)
  return buildResult({
    title: 'Downloads',
    method: [...METHOD, '', `Before: ${before.toFixed(0)} MB.`],
    columns: {
      download: ({ set }) => set.name,
      client: ({ client }) => client,
      'ZIP, MB': ({ megabytes }) => megabytes.toFixed(0),
      'first byte, ms': ({ firstByteMs }) => firstByteMs.toFixed(0),
      seconds: ({ seconds }) => seconds.toFixed(1),
      'MB a second': ({ megabytes, seconds }) => (megabytes / seconds).toFixed(0),
      'peak, MB': ({ peakMegabytes }) => peakMegabytes.toFixed(0),
      'files that differ': ({ differing }) => String(differing),
    },
    rows: downloads,
    targets: [
      createTarget({
        target: `memory of the query service during 2 GB to a slow client at most ${MAX_MEGABYTES} MB`,
        value: slow?.peakMegabytes ?? Number.POSITIVE_INFINITY,
        digits: 0,
        suffix: ' MB',
        atMost: MAX_MEGABYTES,
      }),
      {
        ...createTarget({ target: 'no file differs from its stored object', value: differing, digits: 0, atMost: 0 }),
        isRequired: true,
      },
    ],
    samples: {
      'peak, MB': downloads.map(({ peakMegabytes }) => peakMegabytes),
      seconds: downloads.map(({ seconds }) => seconds),
    },
  })
}
