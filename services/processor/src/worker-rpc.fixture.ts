import { openDatabase, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createFakeProvider } from '../testing/fake-provider.ts'
import { finish, toUploading } from './generate/finish-generation.ts'
import { markLost, markRehosted, type Rehost, takeRehost } from './maintenance/rehost-rows.ts'
import {
  type KeptOutput,
  markFailed,
  markNotStored,
  markStored,
  noteCall,
  noteRequestId,
  recordOutput,
} from './outputs/output-rows.ts'
import { publishModels } from './providers/model-catalogue.ts'
import { claim } from './queue/claim.ts'
import type { Job, JobCall } from './queue/job.ts'
import { handBack, type Lease, LeaseLostError, letGo, withLease } from './queue/lease.ts'

/**
 * A processor's hands without its will: what it does to rows, step by step as another process says. A command is a POST, its
 * answer JSON. For tests of the state machine, which no provider and no bus may decide.
 */

const [url = ''] = process.argv.slice(2)
const log = createLog({ service: 'hands', level: 'silent' })
const database = openDatabase({ url, name: 'hands', log })
const forever = new AbortController().signal
// So long that none is renewed meanwhile: time passes when the test says so.
const LEASE_SECONDS = 36_000
const MAX_FAILURES = 2
const BROKEN = { code: 'broken', message: 'It broke.' }

/** In the order in which they were got; none is ever forgotten. */
const holds: { job: Job; lease: Lease }[] = []

type Write = (tx: Transaction, job: Job, index: number) => Promise<unknown>

/** What a worker writes while its hold stands. */
const WRITES: Record<string, Write> = {
  nothing: async () => {},
  call: async (tx, job, index) => {
    await noteCall(tx, job, callFor(job, index))
    await noteRequestId(tx, job, callFor(job, index), `request-${index}`)
  },
  url: (tx, job, index) => recordOutput(tx, job, { index, kind: 'url', url: 'http://fake/', expiresAt: null }),
  bytes: (tx, job, index) =>
    recordOutput(tx, job, { index, kind: 'bytes', bytes: new Uint8Array(), mimeType: 'image/png' }),
  store: (tx, job, index) => markStored(tx, job, keptAt(job.id, index)),
  leave: (tx, job, index) => markNotStored(tx, job, index, BROKEN),
  fail: (tx, job, index) => markFailed(tx, job, [index], BROKEN),
  upload: toUploading,
  finish: (tx, job) => finish(tx, job),
  'hand back': (tx, job) => handBack(tx, job, 0),
  'let go': letGo,
}

interface Command {
  does: string
  id: string
  hold: number
  index: number
}

const COMMANDS: Record<string, (command: Command) => Promise<unknown>> = {
  claim: async ({ id }) => {
    const options = { database, owner: 'hands', leaseSeconds: LEASE_SECONDS, maxFailures: MAX_FAILURES }
    const claimed = await claim(options, id)
    if (claimed.kind === 'claimed') holds.push({ job: claimed.job, lease: await holdOn(claimed.job) })
    return claimed.kind === 'claimed' ? { kind: 'claimed', hold: holds.length - 1 } : claimed
  },
  rehost: () => endRehost((tx, rehost) => markRehosted(tx, rehost, keptAt(rehost.id, rehost.index))),
  lose: () => endRehost((tx, rehost) => markLost(tx, rehost, BROKEN)),
}

await publishModels({ database, providers: [createFakeProvider({ url: 'http://fake' })], signal: forever })
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: async request => Response.json(await obey((await request.json()) as Command)),
})
process.stdout.write(`${server.url.origin}\n`)

async function obey(command: Command): Promise<unknown> {
  const { does, hold, index } = command
  const write = WRITES[does]
  if (!write) return await COMMANDS[does]?.(command)
  const held = holds[hold]
  if (!held) throw new Error(`there is no hold ${hold}`)
  return await held.lease.write(tx => write(tx, held.job, index)).then(() => 'written', whatRefused)
}

function whatRefused(err: unknown): string {
  if (err instanceof LeaseLostError) return 'refused'
  throw err
}

/** Holds on until the process ends. */
async function holdOn(job: Job): Promise<Lease> {
  const { promise, resolve } = Promise.withResolvers<Lease>()
  const nobody = () => {}
  const options = { database, log, job, leaseSeconds: LEASE_SECONDS, beat: nobody, onStale: nobody, signal: forever }
  void withLease(options, lease => {
    resolve(lease)
    return new Promise<never>(() => {})
  })
  return await promise
}

async function endRehost(end: (tx: Transaction, rehost: Rehost) => Promise<boolean>): Promise<unknown> {
  const rehost = await takeRehost(database, 0)
  if (!rehost) return null
  return { index: rehost.index, isDone: await transaction(database, tx => end(tx, rehost)) }
}

/** One for all outputs. */
function callFor(job: Job, call: number): JobCall {
  const fresh = { requestId: null, finished: false, outcome: null, ageSeconds: 0, stopAsked: false }
  return { ...fresh, call, firstIndex: 0, count: job.outputs.length, round: job.round }
}

function keptAt(id: string, index: number): KeptOutput {
  const facts = {
    kind: 'image' as const,
    width: 8,
    height: 8,
    bytes: 8,
    mimeType: 'image/png',
    placeholder: null,
    sha256: '00',
    duration: null,
  }
  return { ...facts, index, key: `w/${id}/${index}.png` }
}
