import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBus } from '@darkroom/infra/bus/bus'
import { followActivity } from '@darkroom/infra/database/activity'
import { openDatabase } from '@darkroom/infra/database/connection'
import { runRelay } from '@darkroom/infra/database/outbox'
import { createLog } from '@darkroom/infra/log'
import { openStore } from '@darkroom/infra/store/open-store'
import { openTestDecoder } from '@darkroom/infra/testing/test-decoder'
import type { Failpoint } from './failpoints.ts'
import { createMigrateDeps } from './row-migration/migrate-deps.ts'
import { createUnreliableStore } from './unreliable-store.fixture.ts'
import { runBackfillWorker } from './worker.ts'

/**
 * A worker in a process of its own that kills itself when it reaches a failpoint for the third time:
 * `bun worker.fixture.ts <database> <nats> <directory> <failpoint|never> [seed]`. It appends the key of every put to `puts.log`.
 * With a seed, three calls in ten to its store fail.
 */

const [databaseUrl = '', natsUrl = '', directory = '', fatalFailpoint = '', seed] = process.argv.slice(2)
const log = createLog({ service: 'test', level: 'silent' })
const database = openDatabase({ url: databaseUrl, name: 'worker', log })
const rowPool = openDatabase({ url: databaseUrl, name: 'worker-rows', connections: 16, log })
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
const onFailpoint = (failpoint: Failpoint) => {
  hits.set(failpoint, (hits.get(failpoint) ?? 0) + 1)
  if (failpoint === fatalFailpoint && hits.get(failpoint) === (failpoint === 'advanced' ? 1 : 3))
    process.kill(process.pid, 'SIGKILL')
}

await bus.ensureStreams()
const activity = followActivity({ database, url: databaseUrl, name: 'worker-activity', log, signal })
void runRelay({ database, bus, activity, log, signal })
const deps = createMigrateDeps({
  database,
  rowPool,
  store,
  images: openTestDecoder(),
  log,
  memoryBytes: 64 * 1024 * 1024,
  signal,
})
await runBackfillWorker({ ...deps, onFailpoint, bus }, { ackWaitSeconds: 2 })

/** Creates a generator of numbers in [0, 1), the same ones for the same seed. */
function createRandom(seed: string): () => number {
  let counter = 0
  return () => Number(Bun.hash.wyhash(`${seed}/${counter++}`) % 1_000_000n) / 1_000_000
}
