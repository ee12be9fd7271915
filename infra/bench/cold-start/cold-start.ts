import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../local/process/command.ts'
import { freePort } from '../../local/process/free-ports.ts'
import { findNatsServer } from '../../local/programs/nats-server.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { draw, hasInterface } from '../../testing/installs/generate-image.ts'
import { type Launcher, type LauncherOptions, startLauncher } from '../../testing/installs/launcher.ts'
import { memoryOf } from '../kit/memory.ts'
import type { Report } from '../kit/report.ts'
import { coldStartReport, type Found } from './cold-start-report.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const COLD_ROUNDS = 3
const WARM_ROUNDS = 10
const PICTURES = 10
const IDLE_MS = 10_000
const FETCH_MS = 180_000
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]))
const NEVER = new AbortController().signal

/** What a person waits for, and what a studio that only waits takes. */
export async function run(): Promise<Report> {
  await using place = await makePlace()
  const before = loadavg()
  const cold = await repeat(COLD_ROUNDS, () => coldStart(place))
  const fetched = await fetchNats(join(place.path, 'nats'))
  const dataDir = join(place.path, 'warm')
  await using first = await start(dataDir)
  await draw(await first.open)
  await first.stop()
  const warm = await repeat(WARM_ROUNDS, () => warmStart(dataDir))
  const memory = await idleMemory(dataDir)
  const load = [before, loadavg()].map(([minute = 0]) => minute)
  return coldStartReport({ cold, fetched, warm, memory, load, idleSeconds: IDLE_MS / 1_000, pictures: PICTURES })
}

async function coldStart({ path }: { path: string }): Promise<Found['cold'][number]> {
  const folder = await mkdtemp(join(path, 'cold-'))
  const [clone, dataDir] = [join(folder, 'clone'), join(folder, 'data')]
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1_000
  await runCommand(['git', 'clone', '--quiet', `file://${ROOT}`, clone], { signal: NEVER })
  const cloned = seconds()
  let installed = 0
  const hear = (line: string) => {
    if (!line.startsWith('Installing')) installed ||= seconds()
  }
  const env = { BUN_INSTALL_CACHE_DIR: join(folder, 'packages') }
  await using launcher = await start(dataDir, { env, clone, hear })
  const url = await launcher.open
  const opened = seconds()
  await draw(url)
  const total = seconds()
  if (!(await hasInterface(url))) throw new Error('a fresh clone has no interface')
  await launcher.stop()
  await rm(folder, { recursive: true, force: true })
  return { clone: cloned, install: installed - cloned, open: opened - installed, picture: total - opened, total }
}

/** @returns seconds; none where there is no network */
async function fetchNats(cacheDir: string): Promise<number | undefined> {
  const began = performance.now()
  const find = { cacheDir, searchPath: '', signal: AbortSignal.timeout(FETCH_MS) }
  return await findNatsServer(find).then(
    () => (performance.now() - began) / 1_000,
    () => undefined,
  )
}

async function warmStart(dataDir: string): Promise<Found['warm'][number]> {
  const began = performance.now()
  await using launcher = await start(dataDir)
  await launcher.open
  const total = (performance.now() - began) / 1_000
  const parts = launcher.lines.map(line => Number(/ready {2}([\d.]+) s/.exec(line)?.[1] ?? 0))
  await launcher.stop()
  return { total, slowest: Math.max(...parts) }
}

async function idleMemory(dataDir: string): Promise<Found['memory']> {
  await using launcher = await start(dataDir)
  const url = await launcher.open
  await sleep(IDLE_MS, NEVER)
  const started = await memoryOf(launcher.pid, dataDir)
  for (let picture = 0; picture < PICTURES; picture++) await draw(url)
  await sleep(IDLE_MS, NEVER)
  return { started, used: await memoryOf(launcher.pid, dataDir) }
}

async function start(dataDir: string, { env, ...options }: Partial<LauncherOptions> = {}): Promise<Launcher> {
  const own = { DATA_DIR: dataDir, PORT: String(await freePort()), NODE_ENV: 'production' }
  return startLauncher({ ...options, env: { ...ENVIRONMENT, ...own, ...env } })
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const done: T[] = []
  while (done.length < times) done.push(await work())
  return done
}

async function makePlace(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
