import type { Job, JobCall, JobOutput } from '../queue/job.ts'

/** The work that is left for a generation. */
export interface Plan {
  /** Open calls with a request id, to be polled. */
  resume: JobCall[]
  /** Calls whose answers are in the journal, to be read. */
  recover: JobCall[]
  /** Calls whose answers may still come: in flight, or in the journal of another host. */
  pending: JobCall[]
  /** New calls, to be submitted. */
  submit: JobCall[]
  /** Calls without a request id that may have been accepted by the provider, and may not be submitted again before it was asked. */
  unknown: JobCall[]
  /** Calls of the same kind whose outputs are in `submit` again. */
  resubmitted: JobCall[]
  /** Indices of outputs that were made and were lost before they were stored: making them again would be billed again. */
  lostOutputs: number[]
  /** Outputs that were made and are still to be fetched from the provider. */
  fetch: JobOutput[]
}

export interface PlanLimits {
  /** Most outputs of one call. */
  outputsPerCall: number
  /** Whether a call costs nothing, so that it may be made again whatever its outcome. */
  isFree: boolean
  /** Times that one output may be submitted in a round while its outcome is unknown. */
  maxSubmits: number
  /** Whether the provider can be asked for a call whose answer was lost: then nothing is submitted again before that. */
  canRecover: boolean
}

/** The content of this host's journal, as far as a job's calls are concerned. */
export interface JournalState {
  /** Identity of the journal. */
  hostId: string
  /** States of the calls that the journal knows something about, by number. */
  calls: ReadonlyMap<number, 'in-flight' | 'answered'>
}

/** After this silence of a host its answers are not waited for any longer. */
const MAX_HOST_SILENCE_SECONDS = 600

type PlannedJob = Pick<Job, 'outputs' | 'calls' | 'round' | 'mode'>

/**
 * Derives the remaining work from a generation's rows. Nothing is bought twice: an output that is stored, that has a URL of
 * the provider, or that was paid for by a call of this round is never submitted. A job of mode `check` submits nothing.
 */
export function createPlan(job: PlannedJob, limits: PlanLimits, journal: JournalState): Plan {
  const missing = job.outputs.filter(isMissing)
  const covering = job.calls.filter(call => covers(call, missing))
  // Of an open call whose outputs are all there the end, and the bill, are still to be found out.
  const relevant = job.calls.filter(call => !call.finished || covering.includes(call))
  const recover = relevant.filter(call => call.requestId === null && journal.calls.get(call.call) === 'answered')
  const pending = covering.filter(call => call.requestId === null && isPending(call, journal))
  const open = job.calls.filter(call => !call.finished)
  const resume = open.filter(call => call.requestId !== null)
  const unanswered = open.filter(
    call => call.requestId === null && !recover.includes(call) && !isPending(call, journal),
  )
  const mayMakeAgain = job.mode === 'make' && !limits.canRecover
  const resubmitted = mayMakeAgain ? unanswered.filter(call => limits.isFree || canResubmit(job, call, limits)) : []
  // What a free call has become is no question: it has ended once another one is made.
  const unknown = limits.isFree && !limits.canRecover ? [] : unanswered.filter(call => !resubmitted.includes(call))
  const expected = new Set([...recover, ...pending].flatMap(getOutputIndices))
  const lostOutputs = limits.isFree ? [] : findLostOutputs(job, missing).filter(index => !expected.has(index))
  const excluded = new Set([
    ...expected,
    ...[...resume, ...unknown].flatMap(getOutputIndices),
    ...lostOutputs,
    ...findPaidOutputs(job, limits),
  ])
  const wanted = job.mode === 'check' ? [] : missing.map(({ index }) => index).filter(index => !excluded.has(index))
  const nextCall = Math.max(-1, ...job.calls.map(call => call.call)) + 1
  return {
    resume,
    recover,
    pending,
    unknown,
    resubmitted,
    lostOutputs,
    submit: splitIntoRuns(wanted, limits.outputsPerCall).map((run, offset) => createCall(job, nextCall + offset, run)),
    fetch: job.outputs.filter(output => output.state === 'saving' && output.providerUrl !== null),
  }
}

/** Returns the indices of a call's outputs. */
export function getOutputIndices(call: Pick<JobCall, 'firstIndex' | 'count'>): number[] {
  return Array.from({ length: call.count }, (_, offset) => call.firstIndex + offset)
}

/** Returns whether a call whose outcome is unknown may be submitted once more in this round. */
export function canResubmit(
  job: Pick<Job, 'calls' | 'round'>,
  call: JobCall,
  { maxSubmits }: Pick<PlanLimits, 'maxSubmits'>,
): boolean {
  const earlier = job.calls.filter(other => other.call !== call.call && isUnknown(other) && other.round === job.round)
  const tries = getOutputIndices(call).map(
    index => earlier.filter(other => getOutputIndices(other).includes(index)).length + 1,
  )
  return Math.max(...tries) < maxSubmits
}

/** Returns whether a call's answer may still come: from a process of this host, or from the journal of another host. */
function isPending(call: JobCall, { hostId, calls }: JournalState): boolean {
  const own = calls.get(call.call)
  if (own !== undefined) return own === 'in-flight'
  if (call.finished || call.host === null || call.host === hostId) return false
  return call.hostSilentSeconds < MAX_HOST_SILENCE_SECONDS
}

function isUnknown(call: JobCall): boolean {
  return call.requestId === null && (!call.finished || call.outcome === 'unknown')
}

/** Returns whether an output is still to be made, or was lost with the worker that had its bytes. */
export function isMissing(output: JobOutput): boolean {
  return output.state === 'pending' || isLostInMemory(output)
}

/** Returns whether an output was being stored from bytes: these are lost with the worker that had them in memory. */
function isLostInMemory(output: JobOutput): boolean {
  return output.state === 'saving' && output.providerUrl === null
}

function covers(call: JobCall, outputs: JobOutput[]): boolean {
  return outputs.some(({ index }) => getOutputIndices(call).includes(index))
}

/** Finds the outputs that were lost in memory and cannot come again, because their call is finished. */
function findLostOutputs(job: PlannedJob, missing: JobOutput[]): number[] {
  const open = new Set(job.calls.filter(call => !call.finished).flatMap(getOutputIndices))
  return missing.filter(output => isLostInMemory(output) && !open.has(output.index)).map(({ index }) => index)
}

/** Finds the outputs of the finished calls of this round that were paid for, whether or not they were made. */
function findPaidOutputs(job: PlannedJob, { isFree }: PlanLimits): number[] {
  const paid = job.calls.filter(call => call.finished && call.round === job.round && isPaid(call))
  return isFree ? [] : paid.flatMap(getOutputIndices)
}

/** Returns whether a finished call was billed. A cancelled call gave nothing; calls with an unknown outcome are counted apart. */
function isPaid({ outcome }: JobCall): boolean {
  return outcome !== 'cancelled' && outcome !== 'unknown'
}

/** Splits indices into runs of consecutive numbers, none longer than `maxLength`. */
function splitIntoRuns(indices: number[], maxLength: number): number[][] {
  const runs: number[][] = []
  for (const index of indices.toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && run.length < maxLength && run.at(-1) === index - 1) run.push(index)
    else runs.push([index])
  }
  return runs
}

function createCall(job: PlannedJob, call: number, run: number[]): JobCall {
  const fresh = { requestId: null, finished: false, outcome: null, ageSeconds: 0, cancelRequested: false }
  const unsent = { attempt: null, host: null, hostSilentSeconds: 0 }
  return { ...fresh, ...unsent, call, firstIndex: run[0] ?? 0, count: run.length, round: job.round }
}
