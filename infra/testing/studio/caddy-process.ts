import { join } from 'node:path'
import { startChildProcess } from '../../local/process/child-process.ts'
import { waitUntilReady } from '../../local/process/server-process.ts'
import { findInstalledCaddy } from '../../local/programs/caddy.ts'
import { acceptsConnections } from '../net-proxy.ts'
import { createTestDirectory, TEST_CACHE } from '../test-resources.ts'

export interface CaddyOptions {
  /** Port on loopback. */
  port: number
  /** `host:port` of each ingest. */
  ingest: readonly string[]
  /** `host:port` of each query. */
  query: readonly string[]
  /** Settings besides. */
  settings?: Record<string, string>
}

const CADDYFILE = join(import.meta.dirname, '..', '..', 'deploy', 'Caddyfile')
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 3_000

/** Starts Caddy with the configuration of a server, and waits until it listens. */
export async function startCaddy({
  port,
  ingest,
  query,
  settings,
}: CaddyOptions): Promise<AsyncDisposable & { pid: number }> {
  const program = findInstalledCaddy(TEST_CACHE)
  if (!program) throw new Error('The tests need caddy: `bun run test` gets it once, then `bun test` finds it.')
  await using disposables = new AsyncDisposableStack()
  const directory = disposables.use(await createTestDirectory())
  const env = {
    HOME: directory.path,
    BIND: '127.0.0.1',
    LISTEN: String(port),
    INGEST: ingest.join(' '),
    QUERY: query.join(' '),
    ...settings,
  }
  const command = [program, 'run', '--config', CADDYFILE, '--adapter', 'caddyfile']
  const output = { file: join(directory.path, 'caddy.log') }
  const child = startChildProcess({ command, env, output, stopSignal: 'SIGTERM' })
  disposables.defer(() => child.stop(STOP_TIMEOUT_MS))
  const poll = async () => (await acceptsConnections(port)) || undefined
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  await waitUntilReady(child, { name: 'caddy', poll, milliseconds: START_TIMEOUT_MS, signal })
  const moved = disposables.move()
  return { pid: child.pid, [Symbol.asyncDispose]: () => moved.disposeAsync() }
}
