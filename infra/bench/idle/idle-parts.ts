import { join } from 'node:path'
import { startNats } from '../../local/embedded/nats.ts'
import { startPostgres } from '../../local/embedded/postgres.ts'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findNatsServer } from '../../local/programs/nats-server.ts'
import { readProcessCounters } from '../../testing/installs/process-counters.ts'
import { TEST_CACHE } from '../../testing/test-resources.ts'

/** Processes that are measured together. */
export interface Part {
  name: string
  /** Name of the part that does as little as a process of this kind can; absent for a floor. */
  floor?: string
  read: () => ReturnType<typeof readProcessCounters>
}

const START_MS = 60_000
const FLOORS = {
  bun: { name: 'a bare Bun process', script: 'setInterval(() => {}, 1e9)' },
  // While a socket is open, Bun has a timer of one second (for the header `date`) and one of four (for idle connections).
  connected: {
    name: 'a bare Bun process with a connection',
    script: `const at = { hostname: '127.0.0.1', socket: { data() {} } }
      const { port } = Bun.listen({ ...at, port: 0 })
      await Bun.connect({ ...at, port })`,
  },
} as const
const [NATS_ALONE, POSTGRES_ALONE] = ['nats-server alone', 'Postgres alone']
const PARTS = [
  { key: 'ingest', name: 'ingest', floor: FLOORS.connected.name },
  { key: 'processor', name: 'processor', floor: FLOORS.connected.name },
  { key: 'query', name: 'query', floor: FLOORS.connected.name },
  { key: 'NATS', name: 'NATS', floor: NATS_ALONE },
  { key: 'Postgres', name: 'Postgres', floor: POSTGRES_ALONE },
]

/** Names of the parts that are our own code. */
export const OWN_PARTS = ['launcher', 'ingest', 'processor', 'query']
/** Names of all parts of a studio. */
export const STUDIO_PARTS = ['launcher', ...PARTS.map(({ name }) => name)]

/**
 * Returns the parts of a running studio.
 *
 * @param options `ignoredPid`: a session of Postgres that is the benchmark's own
 */
export async function findStudioParts(options: {
  launcher: number
  dataDir: string
  ignoredPid: number
}): Promise<Part[]> {
  const processes = (await readRunFile(options.dataDir))?.processes ?? {}
  const parts = PARTS.map(({ key, name, floor }) => {
    const pid = processes[key]?.pid
    if (pid === undefined) throw new Error(`${name} does not run`)
    return { name, floor, read: () => readTree(pid, [options.ignoredPid]) }
  })
  const readRest = async () => {
    const counted = await Promise.all(parts.map(part => part.read()))
    return await readTree(options.launcher, [options.ignoredPid, ...counted.flatMap(part => [...part.keys()])])
  }
  return [{ name: 'launcher', floor: FLOORS.bun.name, read: readRest }, ...parts]
}

/** Starts the floors: processes, and the servers without clients, in empty folders. */
export async function startFloors(folder: string, stack: AsyncDisposableStack): Promise<Part[]> {
  const signal = AbortSignal.timeout(START_MS)
  const binary = await findNatsServer({ cacheDir: TEST_CACHE, signal })
  const nats = await startNats({ binary, storeDir: join(folder, 'nats'), signal })
  stack.defer(() => nats.stop())
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), signal })
  stack.defer(() => postgres.stop())
  return [
    ...Object.values(FLOORS).map(({ name, script }) => ({ name, read: readerOf(startScript(script, stack)) })),
    { name: NATS_ALONE, read: readerOf(nats.pid) },
    { name: POSTGRES_ALONE, read: readerOf(postgres.pid) },
  ]
}

function startScript(script: string, stack: AsyncDisposableStack): number {
  const child = Bun.spawn([process.execPath, '-e', script], { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' })
  stack.defer(async () => {
    child.kill()
    await child.exited
  })
  return child.pid
}

function readerOf(pid: number): Part['read'] {
  return () => readProcessCounters(pid)
}

async function readTree(root: number, ignoredPids: readonly number[]): ReturnType<typeof readProcessCounters> {
  const counters = await readProcessCounters(root)
  for (const pid of ignoredPids) counters.delete(pid)
  return counters
}
