import type { Job, JobCall, JobOutput } from './job.ts'

/** What is left to do for a generation: calls to ask about, calls to make, outputs to fetch that were made already. */
export interface Plan {
  adopt: JobCall[]
  submit: JobCall[]
  /** Calls that were begun, and nobody knows whether the provider took them. */
  unknown: JobCall[]
  fetch: JobOutput[]
}

/**
 * Reads from a generation's rows what is left to do. Nothing that was bought is bought again: an output that is stored, or
 * that a provider's URL is known of, is never asked for.
 *
 * @param provider `outputsPerCall` at most; where it is `free`, a call whose outcome is unknown is simply made again
 */
export function planOf(job: Pick<Job, 'outputs' | 'calls'>, provider: { outputsPerCall: number; free: boolean }): Plan {
  const missing = job.outputs.filter(isMissing).map(output => output.index)
  const open = job.calls.filter(call => !call.finished && indicesOf(call).some(index => missing.includes(index)))
  const adopt = open.filter(call => call.requestId !== null)
  const unknown = provider.free ? [] : open.filter(call => call.requestId === null)
  const covered = new Set([...adopt, ...unknown].flatMap(indicesOf))
  const uncovered = missing.filter(index => !covered.has(index))
  const nextCall = Math.max(-1, ...job.calls.map(call => call.call)) + 1
  return {
    adopt,
    unknown,
    submit: runsOf(uncovered, provider.outputsPerCall).map((run, offset) => newCall(nextCall + offset, run)),
    fetch: job.outputs.filter(output => output.state === 'saving' && output.providerUrl !== null),
  }
}

/** The outputs of a call. */
export function indicesOf(call: Pick<JobCall, 'firstIndex' | 'count'>): number[] {
  return Array.from({ length: call.count }, (_, offset) => call.firstIndex + offset)
}

/** An output that was being saved from bytes is gone with the worker that held them. */
function isMissing(output: JobOutput): boolean {
  return output.state === 'pending' || (output.state === 'saving' && output.providerUrl === null)
}

/** Runs of consecutive numbers, none longer than `most`. */
function runsOf(indices: number[], most: number): number[][] {
  const runs: number[][] = []
  for (const index of indices.toSorted((a, b) => a - b)) {
    const run = runs.at(-1)
    if (run && run.length < most && run.at(-1) === index - 1) run.push(index)
    else runs.push([index])
  }
  return runs
}

function newCall(call: number, run: number[]): JobCall {
  return { call, firstIndex: run[0] ?? 0, count: run.length, requestId: null, finished: false }
}
