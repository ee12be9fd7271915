import type { Job, JobCall, JobOutput } from '../queue/job.ts'

/** The work that is left for a generation. */
export interface Plan {
  /** Open calls with a request id, to be polled. */
  resume: JobCall[]
  /** New calls, to be submitted. */
  submit: JobCall[]
  /** Calls without a request id that may have been accepted by the provider, and may not be submitted again. */
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
}

type PlannedJob = Pick<Job, 'outputs' | 'calls' | 'round' | 'mode'>

/**
 * Derives the remaining work from a generation's rows. Nothing is bought twice: an output that is stored, that has a URL of
 * the provider, or that was paid for by a call of this round is never submitted. A job of mode `check` submits nothing.
 */
export function createPlan(job: PlannedJob, limits: PlanLimits): Plan {
  const missing = job.outputs.filter(isMissing)
  const open = job.calls.filter(call => !call.finished && covers(call, missing))
  const resume = open.filter(call => call.requestId !== null)
  const unacknowledged = limits.isFree ? [] : open.filter(call => call.requestId === null)
  const resubmitted = unacknowledged.filter(call => job.mode === 'make' && canResubmit(job, call, limits))
  const unknown = unacknowledged.filter(call => !resubmitted.includes(call))
  const lostOutputs = limits.isFree ? [] : findLostOutputs(job, missing)
  const excluded = new Set([
    ...[...resume, ...unknown].flatMap(getOutputIndices),
    ...lostOutputs,
    ...findPaidOutputs(job, limits),
  ])
  const wanted = job.mode === 'check' ? [] : missing.map(({ index }) => index).filter(index => !excluded.has(index))
  const nextCall = Math.max(-1, ...job.calls.map(call => call.call)) + 1
  return {
    resume,
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

function isUnknown(call: JobCall): boolean {
  return call.requestId === null && (!call.finished || call.outcome === 'unknown')
}

function isMissing(output: JobOutput): boolean {
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
  return { ...fresh, call, firstIndex: run[0] ?? 0, count: run.length, round: job.round }
}
