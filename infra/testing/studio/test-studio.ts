import { join } from 'node:path'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { createTestDirectory } from '../test-resources.ts'
import { createStudioClient, type StudioClient } from './studio-client.ts'
import { createTestEnv } from './test-env.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const START_MS = 90_000
const STOP_MS = 15_000

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
  const directory = stack.use(await createTestDirectory())
  const settings = { ...createTestEnv({ dataDir: directory.path, port: await findFreePort() }), ...env }
  const child = Bun.spawn([process.execPath, 'infra/local/bootstrap.ts', 'start'], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  stack.defer(() => stopStudio(child))
  const output = [new Response(child.stdout).text(), new Response(child.stderr).text()]
  const open = await waitUntil(
    async () => {
      if (child.exitCode !== null)
        throw new Error(`the studio did not start\n${(await Promise.all(output)).join('\n')}`)
      const run = await readRunFile(directory.path)
      return run?.url && run.databaseUrl ? { url: run.url, databaseUrl: run.databaseUrl } : undefined
    },
    { what: 'The studio', milliseconds: START_MS, signal: new AbortController().signal },
  )
  const disposables = stack.move()
  return {
    ...open,
    dataDir: directory.path,
    ...createStudioClient(open.url),
    pidOf: part => readPid(directory.path, part),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

async function readPid(dataDir: string, part: string): Promise<number> {
  const pid = (await readRunFile(dataDir))?.processes[part]?.pid
  if (pid === undefined) throw new Error(`${part} is not running`)
  return pid
}

async function stopStudio(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await child.exited
  clearTimeout(timer)
  if (child.signalCode) throw new Error('the studio did not stop by itself')
}
