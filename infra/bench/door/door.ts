import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { openStudioHistory } from '../../testing/data/history.ts'
import { startCaddy } from '../../testing/studio/caddy-process.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { generateLoad } from '../kit/http-load.ts'
import { startLineProcess } from '../kit/line-process.ts'
import type { BenchResult } from '../kit/report.ts'
import { takeTurns } from '../kit/sampling.ts'
import { computeQuantile } from '../kit/statistics.ts'
import { createDoorReport, type DoorCase, type Measurement } from './door-report.ts'
import { measureTransfer, storeLargeFile, type Transfer } from './door-transfer.ts'

const GENERATIONS = 10_000
const SAMPLES = 10
const SECONDS = 0.5
const TRANSFERS = 5

/** A way to the query service. */
export interface Way {
  name: string
  url: string
  /** The process that answers there. */
  pid: number
}

/** Measures what is between a browser and the query service, for pages of the list, images and a large file. */
export async function run(): Promise<BenchResult> {
  await using studio = await startTestStudio({ NODE_ENV: 'production' })
  await using history = await openStudioHistory(studio)
  await history.insertFinished(GENERATIONS)
  await history.vacuum()
  await using disposables = new AsyncDisposableStack()
  const ways = await openWays(studio, disposables)
  const headers = { host: new URL(studio.url).host }
  const measured: Measurement[] = []
  for (const doorCase of await createCases(studio)) measured.push(...(await measureCase(ways, doorCase, headers)))
  return createDoorReport({
    measured,
    transfers: await measureTransfers(studio, ways, headers),
    samples: SAMPLES,
    seconds: SECONDS,
  })
}

/** Opens all ways to the same query process. */
async function openWays(studio: TestStudio, disposables: AsyncDisposableStack): Promise<Way[]> {
  const { ingest, query } = (await readRunFile(studio.dataDir))?.services ?? {}
  if (!ingest || !query) throw new Error('the run file has no addresses of services')
  const proxy = disposables.use(await startLineProcess(join(import.meta.dirname, 'door-proxy.ts'), [ingest, query]))
  const port = await findFreePort()
  const caddy = disposables.use(
    await startCaddy({ port, ingest: [new URL(ingest).host], query: [new URL(query).host] }),
  )
  const pid = await studio.pidOf('query')
  return [
    { name: 'service', url: query, pid },
    { name: 'address', url: `http://127.0.0.1:${new URL(studio.url).port}`, pid },
    { name: 'gateway beside it', url: `http://127.0.0.1:${proxy.firstLine}`, pid: proxy.pid },
    { name: 'Caddy', url: `http://127.0.0.1:${port}`, pid: caddy.pid },
  ]
}

async function createCases(studio: TestStudio): Promise<DoorCase[]> {
  const page = (await (await studio.fetch('/api/generations?limit=1')).json()) as {
    generations: { outputs: { url: string; previewUrl: string }[] }[]
  }
  const output = page.generations[0]?.outputs[0]
  if (!output) throw new Error('the studio has no image')
  const paths = {
    'page of 20': '/api/generations?limit=20',
    'page of 50': '/api/generations?limit=50',
    preview: output.previewUrl,
    image: output.url,
  }
  return Object.entries(paths).flatMap(([what, path]) => [1, 16].map(concurrency => ({ what, path, concurrency })))
}

async function measureCase(
  ways: readonly Way[],
  doorCase: DoorCase,
  headers: Record<string, string>,
): Promise<Measurement[]> {
  const measured = ways.map(({ name, url }): Measurement & { url: string } => ({
    way: name,
    url,
    doorCase,
    medians: [],
    rates: [],
  }))
  const { concurrency, path } = doorCase
  for (const { url } of measured) await generateLoad(`${url}${path}`, { concurrency, seconds: SECONDS / 2, headers })
  await takeTurns(measured, SAMPLES, async into => {
    const { milliseconds, seconds } = await generateLoad(`${into.url}${path}`, {
      concurrency,
      seconds: SECONDS,
      headers,
    })
    into.medians.push(computeQuantile(milliseconds, 0.5))
    into.rates.push(milliseconds.length / seconds)
  })
  return measured
}

async function measureTransfers(
  studio: TestStudio,
  ways: readonly Way[],
  headers: Record<string, string>,
): Promise<Transfer[]> {
  const path = await storeLargeFile(studio.dataDir)
  const transfers: Transfer[] = []
  await takeTurns(ways, TRANSFERS, async way => {
    transfers.push(await measureTransfer(way, { path, headers }))
  })
  return transfers
}
