import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../local/process/command.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { findNatsServer } from '../../local/programs/nats-server.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { generateImage, isUiServed } from '../../testing/installs/generate-image.ts'
import { type Launcher, type LauncherOptions, startLauncher } from '../../testing/installs/launcher.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { measureStudioMemory } from '../kit/memory.ts'
import type { BenchResult } from '../kit/report.ts'
import { type ColdStartResults, createColdStartReport } from './cold-start-report.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const COLD_SAMPLES = 3
const WARM_SAMPLES = 10
const IMAGES = 10
const IDLE_MS = 10_000
const FETCH_TIMEOUT_MS = 180_000
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]))
const neverAborted = new AbortController().signal

/** Measures the time that users wait for a studio to open, and the memory of an idle studio. */
export async function run(): Promise<BenchResult> {
  await using tempDir = await createTestDirectory()
  const cold = await repeat(COLD_SAMPLES, () => measureColdStart(tempDir))
  const natsFetchSeconds = await measureNatsFetch(join(tempDir.path, 'nats'))
  const dataDir = join(tempDir.path, 'warm')
  await using first = await startStudio(dataDir)
  await generateImage(await first.url)
  await first.stop()
  const warm = await repeat(WARM_SAMPLES, () => measureWarmStart(dataDir))
  const memory = await measureIdleMemory(dataDir)
  return createColdStartReport({
    cold,
    natsFetchSeconds,
    warm,
    memory,
    idleSeconds: IDLE_MS / 1_000,
    images: IMAGES,
  })
}

async function measureColdStart({ path }: { path: string }): Promise<ColdStartResults['cold'][number]> {
  const folder = await mkdtemp(join(path, 'cold-'))
  const [clone, dataDir] = [join(folder, 'clone'), join(folder, 'data')]
  const startedAt = performance.now()
  const seconds = () => (performance.now() - startedAt) / 1_000
  await runCommand(['git', 'clone', '--quiet', `file://${ROOT}`, clone], { signal: neverAborted })
  const cloned = seconds()
  let installed = 0
  const onLine = (line: string) => {
    if (!line.startsWith('Installing')) installed ||= seconds()
  }
  const env = { BUN_INSTALL_CACHE_DIR: join(folder, 'packages') }
  await using launcher = await startStudio(dataDir, { env, clone, onLine })
  const url = await launcher.url
  const opened = seconds()
  await generateImage(url)
  const total = seconds()
  if (!(await isUiServed(url))) throw new Error('a fresh clone has no interface')
  await launcher.stop()
  await rm(folder, { recursive: true, force: true })
  return { clone: cloned, install: installed - cloned, open: opened - installed, image: total - opened, total }
}

/** Fetches nats-server. @returns the time that it took, in seconds; undefined without a network */
async function measureNatsFetch(cacheDir: string): Promise<number | undefined> {
  const startedAt = performance.now()
  const find = { cacheDir, searchPath: '', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) }
  return await findNatsServer(find).then(
    () => (performance.now() - startedAt) / 1_000,
    () => undefined,
  )
}

async function measureWarmStart(dataDir: string): Promise<ColdStartResults['warm'][number]> {
  const startedAt = performance.now()
  await using launcher = await startStudio(dataDir)
  await launcher.url
  const total = (performance.now() - startedAt) / 1_000
  const parts = launcher.lines.map(line => Number(/ready {2}([\d.]+) s/.exec(line)?.[1] ?? 0))
  await launcher.stop()
  return { total, slowest: Math.max(...parts) }
}

async function measureIdleMemory(dataDir: string): Promise<ColdStartResults['memory']> {
  await using launcher = await startStudio(dataDir)
  const url = await launcher.url
  await sleep(IDLE_MS, neverAborted)
  const started = await measureStudioMemory(launcher.pid, dataDir)
  for (let image = 0; image < IMAGES; image++) await generateImage(url)
  await sleep(IDLE_MS, neverAborted)
  return { started, used: await measureStudioMemory(launcher.pid, dataDir) }
}

async function startStudio(dataDir: string, { env, ...options }: Partial<LauncherOptions> = {}): Promise<Launcher> {
  const ownEnv = { DATA_DIR: dataDir, PORT: String(await findFreePort()), NODE_ENV: 'production' }
  return startLauncher({ ...options, env: { ...ENVIRONMENT, ...ownEnv, ...env } })
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  while (results.length < times) results.push(await work())
  return results
}
