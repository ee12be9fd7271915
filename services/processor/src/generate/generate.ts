import { publicError } from '@darkroom/contracts/failures'
import type { ModelSpec } from '@darkroom/contracts/model'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import { recordCallEnd } from '../answers/call-rows.ts'
import type { JournalEntry } from '../answers/journal.ts'
import type { DownloadableOutput } from '../outputs/download.ts'
import { markFailed, recordOutput } from '../outputs/output-rows.ts'
import { type UploadDeps, uploadOutput } from '../outputs/upload.ts'
import { createUploadBatch, UPLOAD_STAGE } from '../outputs/upload-batch.ts'
import { ProviderError, type ProviderOutput, type ProviderReference } from '../providers/adapter.ts'
import type { Job, JobCall, JobOutput } from '../queue/job.ts'
import { readCalls } from '../queue/job-rows.ts'
import { type Lease, rescheduleJob } from '../queue/lease.ts'
import { setWaiting } from '../queue/waiting-reason.ts'
import type { CallContext, CallOutcome, CallResult } from './call-context.ts'
import { endCallCost, endUnknownCallCost, toCostOutcome } from './call-cost-rows.ts'
import { toCallName } from './call-name.ts'
import { finishGeneration, markUploading } from './finish-generation.ts'
import { decideNextPoll, decideStorageDelay, type NextPoll, type PollDelay } from './next-poll.ts'
import { createPlan, getOutputIndices, isMissing, type JournalState, type Plan, type PlanLimits } from './plan.ts'
import { pollCall } from './poll-call.ts'
import { createProgress } from './progress.ts'
import { readJournaledCall, submitCall } from './provider-call.ts'
import { loadReferences, type ReferenceLoader } from './provider-request.ts'
import { recoverLostCall } from './recover-call.ts'
import { createWait, selectSubmittableCalls } from './submittable-calls.ts'

export interface GenerateDeps
  extends UploadDeps,
    Pick<
      CallContext,
      | 'database'
      | 'adapter'
      | 'isFree'
      | 'model'
      | 'breaker'
      | 'maxCallSeconds'
      | 'maxAnswerSeconds'
      | 'onSubmit'
      | 'journal'
      | 'callsInFlight'
      | 'livePreviews'
    > {
  store: Pick<Store, 'put' | 'get'>
  images: ReferenceLoader['images'] & UploadDeps['images']
  planLimits: PlanLimits
  /** Outputs of one generation that are uploaded at once. */
  uploadConcurrency: number
  /** Retryable failures after which a generation is failed. */
  maxFailures: number
  /** Returns the free space for answers, in bytes. */
  getFreeBytes: () => Promise<number>
}

/** The state in which a worker leaves a job: ended, or due again after some seconds. */
export type JobOutcome = { kind: 'ended' } | { kind: 'reschedule'; seconds: number }

const OUTPUT_LOST = publicError(
  'not_stored',
  'It was made, and most likely billed, but was lost before it could be stored.',
)
/** For answers that come within seconds here; another host that has one does not wait for this time. */
const PENDING_SECONDS = 2

/**
 * Advances a claimed generation as far as is possible now: resumes the calls of earlier attempts, reads the answers that they
 * left in the journal, submits calls for the missing outputs only, and stores each output as soon as it is made.
 *
 * @throws LeaseLostError when the lease is lost
 * @throws the reason of the lease's signal once it is aborted
 */
export async function generate(deps: GenerateDeps, claimed: Job, lease: Lease): Promise<JobOutcome> {
  const entries = await deps.journal.list(claimed.id)
  // After the look: an answer that was noted and removed since the claim is in its row.
  const job = { ...claimed, calls: await readCalls(deps.database, claimed.id) }
  const deferred = new Set<number>()
  const batch = createUploadBatch<DownloadableOutput>({
    concurrency: deps.uploadConcurrency,
    upload: async output => {
      if ((await uploadOutput(deps, job, lease, output)) === 'deferred') deferred.add(output.index)
    },
    onStart: () => setStage(job, lease, UPLOAD_STAGE),
    onSettled: () => setStage(job, lease, null),
  })
  const plan = createPlan(job, deps.planLimits, toJournalState(deps.journal.id, job, entries))
  await recordLosses(job, lease, plan)
  for (const output of plan.fetch) void batch.add(toUrlOutput(output))
  try {
    const results = await makeCalls(deps, job, lease, plan, entries, batch.add)
    const options = { hasTriesLeft: job.failures < deps.maxFailures }
    if (decideNextPoll(results, options).delay === null) await lease.write(tx => markUploading(tx, job))
    // Before the failures are recorded: outputs that a call gave before it failed must not be marked failed.
    await batch.settled()
    const settled = results.filter(({ call }) => isSettled(deps, call, deferred))
    const next = decideNextPoll(settled, options)
    await recordResults(job, lease, settled, { ...next, deferred, cancel: deps.model?.cancel })
    const delay = deferred.size > 0 ? (next.delay ?? decideStorageDelay(job.calls.length + 1)) : next.delay
    const outcome = await finishOrReschedule(job, lease, delay)
    await removeReadAnswers(deps, job, settled, entries)
    return outcome
  } finally {
    // After an error too, no upload of this attempt may run beside the next attempt.
    await batch.settled().catch(() => {})
  }
}

/** Returns whether nothing of a call is needed any more. What was made in this process is made again, by another call. */
function isSettled({ adapter }: GenerateDeps, call: JobCall, deferred: ReadonlySet<number>): boolean {
  return adapter.submitting.kind === 'local' || !getOutputIndices(call).some(index => deferred.has(index))
}

/** Returns what the journal knows about the calls of a job. An entry of another attempt is another call of the same number. */
function toJournalState(hostId: string, job: Job, entries: JournalEntry[]): JournalState {
  const own = entries.filter(({ call, attempt }) =>
    job.calls.some(other => other.call === call && other.attempt === attempt),
  )
  const known = own.filter(({ state }) => state !== 'unanswered')
  const isPending = (state: JournalEntry['state']) => state === 'in-flight' || state === 'unreadable'
  return { hostId, calls: new Map(known.map(({ call, state }) => [call, isPending(state) ? 'in-flight' : 'answered'])) }
}

async function makeCalls(
  deps: GenerateDeps,
  job: Job,
  lease: Lease,
  plan: Plan,
  entries: JournalEntry[],
  add: (output: DownloadableOutput) => Promise<void>,
): Promise<CallResult[]> {
  const { submit, postponed } = await selectSubmittableCalls(deps, job.connection, plan.submit)
  const progress = createProgress({ job, lease })
  const loaded = submit.length > 0 ? await loadInputs(deps, job, lease) : []
  const [refusal, references] = loaded instanceof ProviderError ? [loaded, []] : [undefined, loaded]
  const context = { ...createCallContext(deps, job, lease, add), references, onProgress: progress.report }
  const calls = [
    ...plan.resume.map(async call => ({ call, outcome: await pollCall(context, call) })),
    ...entries.flatMap(entry => {
      const call = plan.recover.find(({ call, attempt }) => call === entry.call && attempt === entry.attempt)
      return call ? [readJournaledCall(context, call, entry).then(outcome => ({ call, outcome }))] : []
    }),
    ...plan.unknown.map(async call => {
      const isSenderGone = call.host === deps.journal.id && !isBeingSent(call, entries)
      return { call, outcome: await recoverLostCall(context, call, { isSenderGone }) }
    }),
    ...submit.map(async call => ({
      call,
      outcome: refusal ? createRefusal(refusal) : await submitCall(context, call),
    })),
  ]
  const settled = await Promise.allSettled(calls)
  await progress.flush()
  const rejected = settled.find(result => result.status === 'rejected')
  if (rejected) throw rejected.reason
  return [
    ...settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : [])),
    ...plan.pending.map(call => ({ call, outcome: createWait(PENDING_SECONDS, 'recovering') })),
    ...postponed,
  ]
}

/** Returns whether a process that is frozen may still send a call. */
function isBeingSent({ call, attempt }: JobCall, entries: JournalEntry[]): boolean {
  const entry = entries.find(other => other.call === call && other.attempt === attempt)
  return entry !== undefined && 'ended' in entry && !entry.ended
}

/** Loads the input images of a job. An error that no other try would change is returned: no call is made then. */
async function loadInputs(
  { store, images, model }: GenerateDeps,
  job: Job,
  { signal }: Lease,
): Promise<ProviderReference[] | ProviderError> {
  const options = { signal, client: job.workspaceId }
  return await loadReferences({ store, images }, job.references, model, options).catch(error => {
    if (error instanceof ProviderError) return error
    throw error
  })
}

function createCallContext(
  deps: GenerateDeps,
  job: Job,
  lease: Lease,
  add: (output: DownloadableOutput) => Promise<void>,
): Omit<CallContext, 'references' | 'onProgress'> {
  const recorded = new Set(job.outputs.filter(output => !isMissing(output)).map(({ index }) => index))
  const onOutput = async (output: ProviderOutput) => {
    // Two calls may give the same output, and both would be stored with the same key: the first one counts.
    if (recorded.has(output.index)) return
    recorded.add(output.index)
    if (output.kind === 'refused') return await recordRefusal(job, lease, output)
    if (!(await lease.write(tx => recordOutput(tx, job, output)))) return
    const begun = add(output)
    // Bytes wait on the disk, where their answer is: no more of them are read than can be stored.
    if (output.kind === 'bytes') await begun
  }
  return { ...deps, job, lease, maxSubmits: deps.planLimits.maxSubmits, onOutput }
}

/** Records the losses of an earlier worker: outputs that were only in its memory, and calls that are submitted once more. */
async function recordLosses(job: Job, lease: Lease, { lostOutputs, resubmitted }: Plan): Promise<void> {
  if (lostOutputs.length === 0 && resubmitted.length === 0) return
  await lease.write(async tx => {
    if (lostOutputs.length > 0) await markFailed(tx, job, lostOutputs, OUTPUT_LOST)
    for (const call of resubmitted) {
      await recordCallEnd(tx, job, call, 'unknown')
      await endCallCost(tx, toCallName(job, call), 'unknown')
    }
  })
}

/** Records the ends of calls and the outputs that failed permanently, and counts a failure that is retried. */
async function recordResults(
  job: Job,
  lease: Lease,
  results: CallResult[],
  next: Pick<NextPoll, 'failedCalls' | 'hasCountedFailure'> & {
    deferred: ReadonlySet<number>
    cancel: ModelSpec['cancel'] | undefined
  },
): Promise<void> {
  const { failedCalls, hasCountedFailure, deferred, cancel } = next
  const ended = results.flatMap(({ call, outcome }) =>
    outcome.kind === 'waiting' || outcome.end === null ? [] : [{ call, end: outcome.end }],
  )
  if (ended.length === 0 && failedCalls.length === 0 && !hasCountedFailure) return
  await lease.write(async tx => {
    for (const { call, end } of ended) {
      await recordCallEnd(tx, job, call, end)
      const isUnknown = failedCalls.some(failed => failed.call === call && failed.error.failure === 'unknown')
      await endCallCost(tx, toCallName(job, call), isUnknown ? 'unknown' : toCostOutcome(end, cancel))
    }
    for (const { call, error } of failedCalls) {
      const indices = getOutputIndices(call).filter(index => !deferred.has(index))
      await markFailed(tx, job, indices, publicError(error.code, error.message))
      await endUnknownCallCost(tx, toCallName(job, call))
    }
    if (hasCountedFailure) await tx`update generation_jobs set failures = failures + 1 where generation_id = ${job.id}`
  })
}

/** Removes the answers of calls that need them no longer: they are stored, or nothing more can be read from them. */
async function removeReadAnswers(
  { journal, log }: GenerateDeps,
  job: Job,
  results: CallResult[],
  entries: JournalEntry[],
): Promise<void> {
  // The answer, or the rest of it, may still come from a process that was frozen.
  const unended = new Set(entries.flatMap(entry => ('ended' in entry && !entry.ended ? [entry.call] : [])))
  for (const { call, outcome } of results) {
    if (outcome.kind === 'waiting' || unended.has(call.call)) continue
    await failpoint('before-journal-remove')
    const name = toCallName(job, call)
    await journal
      .remove(name)
      .catch(err => log.warn({ err, generation: job.id, call: call.call }, 'journal_entry_not_removed'))
  }
}

async function recordRefusal(
  job: Job,
  lease: Lease,
  { index, error }: Extract<ProviderOutput, { kind: 'refused' }>,
): Promise<void> {
  await lease.write(tx => markFailed(tx, job, [index], publicError(error.code, error.message)))
}

async function finishOrReschedule(job: Job, lease: Lease, delay: PollDelay | null): Promise<JobOutcome> {
  if (delay !== null) await failpoint('before-hand-back')
  await lease.write(async tx => {
    if (delay === null) return await finishGeneration(tx, job)
    await rescheduleJob(tx, job, delay.seconds)
    await setWaiting(tx, job, delay.waiting)
  })
  return delay === null ? { kind: 'ended' } : { kind: 'reschedule', seconds: delay.seconds }
}

async function setStage(job: Job, lease: Lease, stage: string | null): Promise<void> {
  await lease.write(tx => tx`update generation_jobs set stage = ${stage} where generation_id = ${job.id}`)
}

function toUrlOutput({ index, providerUrl, posterUrl, needsAuth }: JobOutput): DownloadableOutput {
  const url = providerUrl ?? ''
  return { index, kind: 'url', url, expiresAt: null, needsAuth, ...(posterUrl !== null && { posterUrl }) }
}

function createRefusal(error: ProviderError): CallOutcome {
  return { kind: 'failed', error, canRetry: false, end: null }
}
