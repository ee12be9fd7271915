import { join } from 'node:path'
import { Generation } from '@darkroom/contracts/generation'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { waitUntil } from '../../local/process/wait-until.ts'
import { createTestDirectory } from '../test-resources.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const START_MS = 90_000
const STOP_MS = 15_000

/** A whole studio as people run it, in processes of its own, reached over HTTP and by signals alone. */
export interface TestStudio extends AsyncDisposable {
  url: string
  databaseUrl: string
  dataDir: string
  /** The process that a part of it runs in now. */
  pidOf(part: 'ingest' | 'processor' | 'query' | 'NATS' | 'Postgres'): Promise<number>
  fetch(path: string, init?: RequestInit): Promise<Response>
  submit(body: unknown): Promise<Generation>
  getGeneration(id: string): Promise<Generation>
  /** Waits until a generation is as it should be. @throws DeadlineError after `milliseconds` (30,000 unless said) */
  waitForGeneration(
    id: string,
    matches: (generation: Generation) => boolean,
    milliseconds?: number,
  ): Promise<Generation>
}

/**
 * Starts a studio by the command that people use, on an empty data directory and a free port.
 *
 * @param env settings beside these
 */
export async function startTestStudio(env: Record<string, string> = {}): Promise<TestStudio> {
  await using stack = new AsyncDisposableStack()
  const directory = stack.use(await createTestDirectory())
  const settings = {
    DATA_DIR: directory.path,
    PORT: String(await findFreePort()),
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    ...env,
  }
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
    ...createStudioClient(open.url, directory.path),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

function createStudioClient(url: string, dataDir: string) {
  const request = (path: string, init?: RequestInit) => fetch(new URL(path, url), init)
  const getGeneration = async (id: string) => Generation.parse(await (await request(`/api/generations/${id}`)).json())
  return {
    fetch: request,
    getGeneration,
    submit: async (body: unknown) => {
      const headers = { 'content-type': 'application/json' }
      const response = await request('/api/generate', { method: 'POST', headers, body: JSON.stringify(body) })
      if (!response.ok) throw new Error(await response.text())
      return Generation.parse(await response.json())
    },
    waitForGeneration: async (id: string, matches: (generation: Generation) => boolean, milliseconds = 30_000) => {
      const poll = async () => {
        const generation = await getGeneration(id)
        return matches(generation) ? generation : undefined
      }
      return await waitUntil(poll, { what: `Generation ${id}`, milliseconds, signal: new AbortController().signal })
    },
    pidOf: async (part: string) => {
      const pid = (await readRunFile(dataDir))?.processes[part]?.pid
      if (pid === undefined) throw new Error(`${part} is not running`)
      return pid
    },
  }
}

async function stopStudio(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await child.exited
  clearTimeout(timer)
  if (child.signalCode) throw new Error('the studio did not stop by itself')
}
