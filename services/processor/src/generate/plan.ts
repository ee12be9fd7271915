import type { Job, JobCall, JobOutput } from '../queue/job.ts'

/** What is left to do for a generation: calls to ask about, calls to make, outputs to fetch that were made already. */
export interface Plan {
  resume: JobCall[]
  submit: JobCall[]
  /** Calls that were begun, nobody knows whether the provider took them, and they may not be made again. */
  unknown: JobCall[]
  /** Calls of that kind whose outputs are in `submit` again. */
  resubmitted: JobCall[]
  /** Outputs that were made, and gone before they were stored: making them again would be billed again. */
  lostOutputs: number[]
  fetch: JobOutput[]
}

export interface PlanLimits {
  /** Outputs of one call, at most. */
  outputsPerCall: number
  /** Whether a call costs nothing, so that it may be made again whatever became of it. */
  isFree: boolean
  /** Times that one output may be asked for within a round, where nobody knows whether the provider took it. */
  maxSubmits: number
}

type PlannedJob = Pick<Job, 'outputs' | 'calls' | 'round' | 'mode'>

/**
 * Reads from a generation's rows what is left to do. Nothing that was bought is bought again: an output that is stored, that
 * a provider's URL is known of, or that a call of this round was paid for, is never asked for. Work of mode `check` asks for
 * nothing at all.
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

/** The outputs of a call. */
export function getOutputIndices(call: Pick<JobCall, 'firstIndex' | 'count'>): number[] {
  return Array.from({ length: call.count }, (_, offset) => call.firstIndex + offset)
}

/** Whether a call whose end nobody knows may be made once more in this round. */
export function canResubmit(job: Pick<Job, 'calls' | 'round'>, call: JobCall, limits: PlanLimits): boolean {
  const before = job.calls.filter(other => other.call !== call.call && isUnknown(other) && other.round === job.round)
  const tries = getOutputIndices(call).map(
    index => before.filter(other => getOutputIndices(other).includes(index)).length + 1,
  )
  return Math.max(...tries) < limits.maxSubmits
}

function isUnknown(call: JobCall): boolean {
  return call.requestId === null && (!call.finished || call.outcome === 'unknown')
}

/** An output that was being saved from bytes is gone with the worker that held them. */
function isMissing(output: JobOutput): boolean {
  return output.state === 'pending' || isLostInMemory(output)
}

function isLostInMemory(output: JobOutput): boolean {
  return output.state === 'saving' && output.providerUrl === null
}

function covers(call: JobCall, outputs: JobOutput[]): boolean {
  return outputs.some(({ index }) => getOutputIndices(call).includes(index))
}

/** A call that is over has given all that it will. */
function findLostOutputs(job: PlannedJob, missing: JobOutput[]): number[] {
  const open = new Set(job.calls.filter(call => !call.finished).flatMap(getOutputIndices))
  return missing.filter(output => isLostInMemory(output) && !open.has(output.index)).map(({ index }) => index)
}

/** What calls of this round were made for and are over, whatever they gave. */
function findPaidOutputs(job: PlannedJob, { isFree }: PlanLimits): number[] {
  const paid = job.calls.filter(call => call.finished && call.round === job.round && isPaid(call))
  return isFree ? [] : paid.flatMap(getOutputIndices)
}

/** One that we had stopped gave nothing; one that nobody knows the end of is counted apart. */
function isPaid({ outcome }: JobCall): boolean {
  return outcome !== 'cancelled' && outcome !== 'unknown'
}

/** Runs of consecutive numbers, none longer than `most`. */
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
  const fresh = { requestId: null, finished: false, outcome: null, ageSeconds: 0, stopAsked: false }
  return { ...fresh, call, firstIndex: run[0] ?? 0, count: run.length, round: job.round }
}
