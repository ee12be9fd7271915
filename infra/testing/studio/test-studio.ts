import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import { isComplete } from '../installs/generate-image.ts'
import { type Launcher, startLauncher } from '../installs/launcher.ts'
import { createTestDirectory } from '../test-resources.ts'
import { createStudioClient, type StudioClient } from './studio-client.ts'
import { createTestEnv } from './test-env.ts'

const START_MS = 90_000

/** A studio that the launcher runs, as users do. Tests reach it by HTTP and signals. */
export interface TestStudio extends StudioClient, AsyncDisposable {
  url: string
  databaseUrl: string
  dataDir: string
  /** Returns the id of the process that runs a part now. */
  pidOf(part: 'ingest' | 'processor' | 'query' | 'NATS' | 'Postgres'): Promise<number>
}

/**
 * Starts a studio by `bun start`, on an empty data directory and a free port.
 *
 * @param env additional settings
 */
export async function startTestStudio(env: Record<string, string> = {}): Promise<TestStudio> {
  await using stack = new AsyncDisposableStack()
  const { path: dataDir } = stack.use(await createTestDirectory())
  const settings = { ...createTestEnv({ dataDir, port: await findFreePort() }), ...env }
  const launcher = startLauncher({ env: { ...(process.env as Record<string, string>), ...settings } })
  stack.defer(() => stopLauncher(launcher))
  const address = await withDeadline(launcher.url, { milliseconds: START_MS, operation: 'the start of the studio' })
  // Its public name may be known to the tests' browser alone.
  const local = `http://127.0.0.1:${settings.PORT}`
  await waitUntil(signal => isComplete(local, signal, new URL(address).host), {
    what: 'The last part of the studio',
    milliseconds: START_MS,
    signal: AbortSignal.timeout(START_MS),
  })
  const { url, databaseUrl } = (await readRunFile(dataDir)) ?? {}
  if (!url || !databaseUrl) throw new Error('the run file has no addresses')
  const disposables = stack.move()
  return {
    url,
    databaseUrl,
    dataDir,
    ...createStudioClient(url),
    pidOf: part => readPid(dataDir, part),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function readPid(dataDir: string, part: string): Promise<number> {
  const pid = (await readRunFile(dataDir))?.processes[part]?.pid
  if (pid === undefined) throw new Error(`${part} is not running`)
  return pid
}

async function stopLauncher(launcher: Launcher): Promise<void> {
  await launcher[Symbol.asyncDispose]()
  if ((await launcher.exited) < 0) throw new Error('the studio did not stop by itself')
}
