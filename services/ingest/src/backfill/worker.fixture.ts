import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBus } from '@darkroom/infra/bus'
import { openDatabase } from '@darkroom/infra/database'
import { createLog } from '@darkroom/infra/log'
import { openStore } from '@darkroom/infra/open-store'
import { runRelay } from '@darkroom/infra/outbox'
import { moveDeps } from './deps.ts'
import type { Step } from './steps.ts'
import { workOnBackfills } from './worker.ts'

/**
 * A worker in a process of its own that dies, as if it were killed, when it comes to a step for the third time:
 * `bun worker.fixture.ts <database> <nats> <directory> <step|never>`. It writes every key that it has put into `puts.log`.
 */

const [databaseUrl = '', natsUrl = '', directory = '', deadly = ''] = process.argv.slice(2)
const log = createLog({ service: 'test', level: 'silent' })
const database = openDatabase({ url: databaseUrl, name: 'worker', log })
const rows = openDatabase({ url: databaseUrl, name: 'worker-rows', connections: 16, log })
const bus = await openBus({ url: natsUrl, name: 'worker', log })
const kept = await openStore({ DATA_DIR: directory })
const store: typeof kept = {
  ...kept,
  put: async (key, body, options) => {
    const object = await kept.put(key, body, options)
    appendFileSync(join(directory, 'puts.log'), `${key}\n`)
    return object
  },
}
const signal = new AbortController().signal
const met = new Map<Step, number>()
const atStep = (step: Step) => {
  met.set(step, (met.get(step) ?? 0) + 1)
  if (step === deadly && met.get(step) === (step === 'advanced' ? 1 : 3)) process.kill(process.pid, 'SIGKILL')
}

await bus.ensureStreams()
void runRelay({ database, bus, log, signal })
const deps = moveDeps({ database, rows, store, log, memoryBytes: 64 * 1024 * 1024, signal })
await workOnBackfills({ ...deps, atStep, bus }, { ackWaitSeconds: 2 })
