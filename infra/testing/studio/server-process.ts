import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startNats } from '../../local/embedded/nats.ts'
import { startPostgres } from '../../local/embedded/postgres.ts'
import { freePort } from '../../local/process/free-ports.ts'
import type { Part } from '../../local/process/server-process.ts'
import { natsServer } from '../test-resources.ts'

/** Postgres or NATS, to be struck. Started again it has the same address, and what lies in its folder. */
export interface FaultServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly isRunning: boolean
  start(): Promise<void>
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP: its connections stay, and nothing answers. */
  freeze(): void
  thaw(): void
  /** Keeps what it has stored as it is now. It must not be running. */
  copy(): Promise<void>
  /** Puts back what was kept, or nothing if nothing was. It must not be running. */
  rollBack(): Promise<void>
  /** Throws away what was kept. */
  forget(): Promise<void>
}

const START_MS = 60_000

/** @param folder of its own */
export async function startDatabaseServer(folder: string, { isDurable }: { isDurable: boolean }): Promise<FaultServer> {
  const port = await freePort()
  const start = () =>
    startPostgres({ dataDir: folder, port, durable: isDurable, signal: AbortSignal.timeout(START_MS), say: () => {} })
  return await keep({ start, port, stored: join(folder, 'cluster') })
}

/** @param folder of its own */
export async function startBusServer(folder: string): Promise<FaultServer> {
  const port = await freePort()
  const auth = { user: 'test', password: crypto.randomUUID() }
  const options = { binary: natsServer(), storeDir: folder, auth, port }
  const start = () => startNats({ ...options, signal: AbortSignal.timeout(START_MS) })
  return await keep({ start, port, stored: join(folder, 'jetstream') })
}

async function keep(options: { start: () => Promise<Part>; port: number; stored: string }): Promise<FaultServer> {
  const { port, stored } = options
  const kept = `${stored}.kept`
  let part = await options.start()
  const signal = (name: NodeJS.Signals) => part.child.running() && process.kill(part.pid, name)
  return {
    url: part.url,
    port,
    get pid() {
      return part.pid
    },
    get isRunning() {
      return part.child.running()
    },
    start: async () => {
      part = await options.start()
    },
    stop: () => part.stop(),
    kill: () => part.kill(),
    freeze: () => void signal('SIGSTOP'),
    thaw: () => void signal('SIGCONT'),
    copy: () => replace(stored, kept),
    rollBack: () => replace(kept, stored),
    forget: () => rm(kept, { recursive: true, force: true }),
    [Symbol.asyncDispose]: async () => {
      signal('SIGCONT')
      await part.stop()
    },
  }
}

async function replace(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true, force: true }).catch(error => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  })
}
