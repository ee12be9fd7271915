import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { waitUntil } from '../../local/process/wait-until.ts'
import type { Database } from '../../src/database/connection.ts'
import { listProcessTree } from '../../testing/installs/processes.ts'
import { TEST_CACHE } from '../../testing/test-resources.ts'
import { type BenchServer, openBenchStack } from '../kit/bench-stack.ts'

export type Scale = 2 | 4

/** The parts that an upscale on this machine passes, without gateway and browser. */
export interface LocalEnv extends AsyncDisposable {
  sql: Database
  /** Stores a square photo-like image. @returns its id */
  uploadImage(side: number): Promise<string>
  /** Submits a generation of the demo. @returns its id */
  submitDemo(): Promise<string>
  /** Submits an upscale of a stored image. @returns its id */
  submitUpscale(image: string, scale: Scale): Promise<string>
  cancel(id: string): Promise<void>
  /** Waits until a generation has ended. @throws Error if it has failed */
  waitUntilCompleted(id: string): Promise<void>
  /** Waits until the work on a generation has made progress. */
  waitForProgress(id: string): Promise<void>
  /** Returns the pid of the upscaler's process; undefined if there is none. */
  findUpscaler(): Promise<number | undefined>
}

const TIMEOUT_MS = 900_000
const neverAborted = new AbortController().signal

/** Starts Postgres that flushes its commits, NATS, ingest and a processor, each in a process of its own, and switches this machine on. */
export async function openLocalEnv(): Promise<LocalEnv> {
  await using disposables = new AsyncDisposableStack()
  const stack = disposables.use(await openBenchStack())
  await usePackagesOfTests(join(stack.folder, 'data'))
  const ingest = await stack.startService('ingest')
  const processor = await stack.startService('processor')
  const { database } = stack
  await switchMachineOn(database)
  const moved = disposables.move()
  return {
    sql: database,
    uploadImage: side => uploadImage(ingest, side),
    submitDemo: () => submit(ingest, { model: 'demo', parameters: { resolution: 512 } }),
    submitUpscale: (image, scale) =>
      submit(ingest, {
        model: `local/upscale-${scale}x`,
        referenceImages: [image],
        referenceRoles: ['source'],
        parameters: { resolution: 'auto' },
      }),
    cancel: async id => void (await fetch(`${ingest.url}/api/generate/${id}/cancel`, { method: 'POST' })),
    waitUntilCompleted: id => waitUntilCompleted(database, id),
    waitForProgress: id =>
      pollRow(database, id, `the progress of ${id}`, ({ progress }) => progress !== null && progress > 0),
    findUpscaler: () => findUpscaler(processor.pid),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

/** Lets the studio use the packages that tests have downloaded. */
async function usePackagesOfTests(dataDir: string): Promise<void> {
  const cache = join(TEST_CACHE, 'local-models')
  await mkdir(cache, { recursive: true })
  await mkdir(dataDir, { recursive: true })
  await symlink(cache, join(dataDir, 'local-models'))
}

async function switchMachineOn(sql: Database): Promise<void> {
  await sql`
    insert into connections (id, kind, name, source, slots, check_requested_at)
    values ('local', 'local', 'This machine', 'stored', 1, now())`
  const areListed = async () => ((await sql`select from models where provider = 'local'`).length > 0 ? true : undefined)
  await waitUntil(areListed, { what: 'the models of this machine', milliseconds: TIMEOUT_MS, signal: neverAborted })
}

/** Stores clouds: noise of several sizes, which compresses like a photo. */
async function uploadImage({ url }: BenchServer, side: number): Promise<string> {
  const layers = await Promise.all(
    [4, 32, 256].map(async detail => {
      const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
      const small = sharp({ create: { width: detail, height: detail, channels: 3, background: '#808080', noise } })
      return await sharp(await small.png().toBuffer())
        .resize(side, side, { kernel: 'cubic' })
        .png()
        .toBuffer()
    }),
  )
  const [coarse, ...finer] = layers
  const clouds = sharp(coarse).composite(finer.map(input => ({ input, blend: 'soft-light' as const })))
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(await clouds.png().toBuffer())]), 'clouds.png')
  const response = await fetch(`${url}/api/references`, { method: 'POST', body: form })
  if (!response.ok) throw new Error(await response.text())
  const [reference] = (await response.json()) as { id: string }[]
  if (!reference) throw new Error('the image was not stored')
  return reference.id
}

async function submit({ url }: BenchServer, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const text = JSON.stringify({ prompt: 'a prompt', ...body })
  const response = await fetch(`${url}/api/generate`, { method: 'POST', headers, body: text })
  if (response.status !== 202) throw new Error(await response.text())
  return ((await response.json()) as { id: string }).id
}

interface Row {
  status: string
  progress: number | null
  error: unknown
}

async function waitUntilCompleted(sql: Database, id: string): Promise<void> {
  await pollRow(sql, id, `the end of ${id}`, ({ status, error }) => {
    if (status === 'failed') throw new Error(JSON.stringify(error))
    return status === 'completed'
  })
}

async function pollRow(sql: Database, id: string, what: string, matches: (row: Row) => boolean): Promise<void> {
  const poll = async () => {
    const [row] = await sql<Row[]>`
      select status, progress, error from generations g left join generation_jobs j on j.generation_id = g.id where g.id = ${id}`
    return row && matches(row) ? true : undefined
  }
  await waitUntil(poll, { what, milliseconds: TIMEOUT_MS, intervalMs: 20, signal: neverAborted })
}

async function findUpscaler(processor: number): Promise<number | undefined> {
  for (const pid of await listProcessTree(processor)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.includes('upscaler/main.ts')) return pid
  }
  return undefined
}
