import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBus } from '@darkroom/infra/bus/bus'
import { openDatabase } from '@darkroom/infra/database/connection'
import { runRelay } from '@darkroom/infra/database/outbox'
import { createLog } from '@darkroom/infra/log'
import { openStore } from '@darkroom/infra/store/open-store'
import type { Failpoint } from './failpoints.ts'
import { createMigrateDeps } from './row-migration/migrate-deps.ts'
import { createUnreliableStore } from './unreliable-store.fixture.ts'
import { runBackfillWorker } from './worker.ts'

/**
 * A worker in a process of its own that dies, as if it were killed, when it comes to a step for the third time:
 * `bun worker.fixture.ts <database> <nats> <directory> <step|never> [seed]`. It writes every key that it has put into `puts.log`.
 * With a seed its store fails three times in ten.
 */

const [databaseUrl = '', natsUrl = '', directory = '', fatalFailpoint = '', seed] = process.argv.slice(2)
const log = createLog({ service: 'test', level: 'silent' })
const database = openDatabase({ url: databaseUrl, name: 'worker', log })
const rows = openDatabase({ url: databaseUrl, name: 'worker-rows', connections: 16, log })
const bus = await openBus({ url: natsUrl, name: 'worker', log })
const disk = await openStore({ DATA_DIR: directory })
const baseStore = seed === undefined ? disk : createUnreliableStore(disk, createRandom(seed))
const store: typeof baseStore = {
  ...baseStore,
  put: async (key, body, options) => {
    const object = await baseStore.put(key, body, options)
    appendFileSync(join(directory, 'puts.log'), `${key}\n`)
    return object
  },
}
const signal = new AbortController().signal
const hits = new Map<Failpoint, number>()
const onFailpoint = (step: Failpoint) => {
  hits.set(step, (hits.get(step) ?? 0) + 1)
  if (step === fatalFailpoint && hits.get(step) === (step === 'advanced' ? 1 : 3)) process.kill(process.pid, 'SIGKILL')
}

await bus.ensureStreams()
void runRelay({ database, bus, log, signal })
const deps = createMigrateDeps({ database, rowPool: rows, store, log, memoryBytes: 64 * 1024 * 1024, signal })
await runBackfillWorker({ ...deps, onFailpoint, bus }, { ackWaitSeconds: 2 })

/** Numbers from 0 to 1, the same each time for the same seed. */
function createRandom(from: string): () => number {
  let counter = 0
  return () => Number(Bun.hash.wyhash(`${from}/${counter++}`) % 1_000_000n) / 1_000_000
}
