import { openDatabase, type Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { getGenerationFolder } from '@darkroom/infra/generations/object-removals'
import { LOCAL_OWNER } from '@darkroom/infra/http/identity'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { openStore } from '@darkroom/infra/store/open-store'
import { createFakeAdapter } from '../testing/fake-adapter.ts'
import { noteRequestId, recordCall } from './answers/call-rows.ts'
import { finishGeneration, markUploading } from './generate/finish-generation.ts'
import { purgeOutputs } from './maintenance/purge-rows.ts'
import { markLost, markRehosted, type Rehost, takeRehost } from './maintenance/rehost-rows.ts'
import { removeNextObjects } from './maintenance/remove-objects.ts'
import { createProcessorMetrics } from './metrics.ts'
import { markFailed, markNotStored, markStored, recordOutput, type StoredOutput } from './outputs/output-rows.ts'
import { publishFixedModels } from './providers/models.fixture.ts'
import { claimGeneration } from './queue/claim.ts'
import type { Job, JobCall } from './queue/job.ts'
import { type Lease, LeaseLostError, releaseLease, rescheduleJob, withLease } from './queue/lease.ts'

/**
 * A processor that is driven by another process: each POST is one command, which makes one step of a worker in the database,
 * and its response is JSON. For tests of the state machine without a provider and a bus.
 */

const [url = '', dataDir = ''] = process.argv.slice(2)
const log = createLog({ service: 'worker-rpc', level: 'silent' })
const database = openDatabase({ url, name: 'worker-rpc', log })
const store = await openStore({ DATA_DIR: dataDir })
const metrics = createProcessorMetrics(createMetrics('test'))
const neverAborted = new AbortController().signal
// So long that no lease is renewed during a test: the test moves the time itself.
const LEASE_SECONDS = 36_000
const MAX_FAILURES = 2
const BROKEN_ERROR = { code: 'broken', message: 'It broke.' }

/** All leases, in the order of their claims. A command names a lease by its index. */
const leases: { job: Job; lease: Lease }[] = []

type Write = (tx: Transaction, job: Job, index: number) => Promise<unknown>

/** The writes of a worker, behind the fence. */
const WRITES: Record<string, Write> = {
  nothing: async () => {},
  call: async (tx, job, index) => {
    await recordCall(tx, job, createCall(job, index), null)
    await noteRequestId(tx, { generationId: job.id, call: index }, `request-${index}`)
  },
  url: (tx, job, index) => recordOutput(tx, job, { index, kind: 'url', url: 'http://fake/', expiresAt: null }),
  bytes: (tx, job, index) =>
    recordOutput(tx, job, { index, kind: 'bytes', bytes: new Uint8Array(), mimeType: 'image/png' }),
  store: async (tx, job, index) => markStored(tx, job, await storeOutput(job.id, index)),
  markTemporary: (tx, job, index) => markNotStored(tx, job, index, BROKEN_ERROR),
  fail: (tx, job, index) => markFailed(tx, job, [index], BROKEN_ERROR),
  upload: markUploading,
  finish: (tx, job) => finishGeneration(tx, job),
  reschedule: (tx, job) => rescheduleJob(tx, job, 0),
  release: releaseLease,
}

interface Command {
  action: string
  id: string
  lease: number
  index: number
}

const COMMANDS: Record<string, (command: Command) => Promise<unknown>> = {
  claim: async ({ id }) => {
    const settings = { connection: 'fake', owner: 'worker-rpc', leaseSeconds: LEASE_SECONDS, maxFailures: MAX_FAILURES }
    const options = { database, ...settings }
    const claimed = await claimGeneration(options, id)
    if (claimed.kind === 'claimed') leases.push({ job: claimed.job, lease: await acquireLease(claimed.job) })
    return claimed.kind === 'claimed' ? { kind: 'claimed', lease: leases.length - 1 } : claimed
  },
  rehost: () =>
    settleRehost(async (tx, rehost) => markRehosted(tx, rehost, await storeOutput(rehost.id, rehost.index))),
  markLost: () => settleRehost((tx, rehost) => markLost(tx, rehost, BROKEN_ERROR)),
  purgeOutputs: () => transaction(database, tx => purgeOutputs(tx, 0, { limit: 100, removeAfterSeconds: 0 })),
  removeObjects: async () => {
    await database`update object_removals set remove_after = now()`
    let removed = 0
    while (await removeNextObjects({ database, store, log, metrics })) removed += 1
    return removed
  },
  listObjects: async () => await Array.fromAsync(store.list('w/'), ({ key }) => key),
}

await publishFixedModels(database, [createFakeAdapter({ url: 'http://fake' })], 1)
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: async request => Response.json(await handleCommand((await request.json()) as Command)),
})
process.stdout.write(`${server.url.origin}\n`)

async function handleCommand(command: Command): Promise<unknown> {
  const { action, lease, index } = command
  const write = WRITES[action]
  if (!write) return await COMMANDS[action]?.(command)
  const entry = leases[lease]
  if (!entry) throw new Error(`there is no lease ${lease}`)
  return await entry.lease.write(tx => write(tx, entry.job, index)).then(() => 'written', toRefusal)
}

function toRefusal(err: unknown): string {
  if (err instanceof LeaseLostError) return 'refused'
  throw err
}

/** Keeps a lease until the process ends. */
async function acquireLease(job: Job): Promise<Lease> {
  const { promise, resolve } = Promise.withResolvers<Lease>()
  const noop = () => {}
  const options = {
    database,
    log,
    job,
    leaseSeconds: LEASE_SECONDS,
    onRenewal: noop,
    onStale: noop,
    signal: neverAborted,
  }
  void withLease(options, lease => {
    resolve(lease)
    return new Promise<never>(() => {})
  })
  return await promise
}

async function settleRehost(end: (tx: Transaction, rehost: Rehost) => Promise<boolean>): Promise<unknown> {
  const rehost = await takeRehost(database, 0)
  if (!rehost) return null
  return { index: rehost.index, isDone: await transaction(database, tx => end(tx, rehost)) }
}

/** Creates a call for all outputs. */
function createCall(job: Job, call: number): JobCall {
  const fresh = { requestId: null, finished: false, outcome: null, ageSeconds: 0, cancelRequested: false }
  const unsent = { attempt: null, host: null, hostSilentSeconds: 0 }
  return { ...fresh, ...unsent, call, firstIndex: 0, count: job.outputs.length, round: job.round }
}

/** Stores the object of an output, as an upload does before the row names it. */
async function storeOutput(id: string, index: number): Promise<StoredOutput> {
  const metadata = {
    kind: 'image' as const,
    width: 8,
    height: 8,
    bytes: 8,
    mimeType: 'image/png',
    placeholder: null,
    sha256: '00',
    duration: null,
  }
  const key = `${getGenerationFolder({ id, workspaceId: LOCAL_OWNER.workspaceId })}1/${index}.png`
  await store.put(key, new Uint8Array(metadata.bytes), { signal: neverAborted })
  return { ...metadata, index, key }
}
