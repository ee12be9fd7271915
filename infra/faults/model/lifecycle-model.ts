import type { Status } from '@darkroom/contracts/enums'
import { canTransition, isTerminal } from '@darkroom/contracts/lifecycle'

type OutputModel =
  | 'pending'
  | 'saving from a URL'
  | 'saving from bytes'
  | 'temporary'
  | 'stored'
  | 'lost'
  | 'failed'
  | 'deleted'

/** A model of a generation by the contract's state machine and the design, independent of the implementation. */
export interface GenerationModel {
  status: Status
  isTrashed: boolean
  attempt: number
  failures: number
  /** State of the lease: held by a worker, expired, or released. */
  lease: 'none' | 'live' | 'expired' | 'released'
  /** Index of the lease that may write, of all that were ever acquired. */
  leaseHolder: number | null
  leaseCount: number
  /** Whether the provider has returned a request id. */
  calls: 'none' | 'known'
  outputs: OutputModel[]
  /** State of each deleted output before, which a restore brings back; null for all others, and for those that are purged. */
  deletedFrom: (OutputModel | null)[]
  /** Whether nothing of it is left. */
  isPurged: boolean
  transitions: string[]
}

/** Expired leases after which a generation fails, as the worker under test has it. */
const MAX_FAILURES = 2

export function createGenerationModel(outputs: number): GenerationModel {
  return {
    status: 'queued',
    isTrashed: false,
    attempt: 0,
    failures: 0,
    lease: 'none',
    leaseHolder: null,
    leaseCount: 0,
    calls: 'none',
    outputs: Array(outputs).fill('pending'),
    deletedFrom: Array(outputs).fill(null),
    isPurged: false,
    transitions: ['→queued'],
  }
}

/** Effects of a worker's writes on a generation that it has a lease of. */
export const WORKER_WRITES: Record<string, (model: GenerationModel, index: number) => void> = {
  nothing: () => {},
  call: model => {
    model.calls = 'known'
  },
  url: (model, index) => setOutputIf(model, index, ['pending', 'saving from bytes'], 'saving from a URL'),
  bytes: (model, index) => setOutputIf(model, index, ['pending'], 'saving from bytes'),
  store: (model, index) => setOutputIf(model, index, ['saving from a URL', 'saving from bytes'], 'stored'),
  markTemporary: (model, index) => {
    setOutputIf(model, index, ['saving from a URL'], 'temporary')
    setOutputIf(model, index, ['pending', 'saving from bytes'], 'failed')
  },
  fail: (model, index) => setOutputIf(model, index, ['pending', 'saving from bytes'], 'failed'),
  upload: model => {
    if (model.status === 'processing') transition(model, 'uploading')
  },
  finish,
  reschedule: releaseLease,
  release: model => {
    model.lease = 'released'
  },
}

/** @returns the expected result of a claim */
export function claim(model: GenerationModel): 'claimed' | 'not-now' | 'nothing-to-do' {
  if (isTerminal(model.status)) return 'nothing-to-do'
  if (model.lease === 'live') return 'not-now'
  model.attempt++
  model.failures += Number(model.lease === 'expired')
  if (model.status === 'queued') transition(model, 'processing')
  else if (model.lease !== 'none') transition(model, model.status)
  if (model.failures > MAX_FAILURES) {
    finish(model)
    return 'nothing-to-do'
  }
  model.lease = 'live'
  model.leaseHolder = model.leaseCount++
  return 'claimed'
}

/** @returns whether this cancelled it */
export function cancel(model: GenerationModel): boolean {
  if (isTerminal(model.status)) return false
  transition(model, 'cancelled')
  endUnfinishedOutputs(model)
  releaseLease(model)
  return true
}

/** Deletes one output, unless it is unfinished or nothing would be shown without it. @returns whether the action is accepted */
export function deleteOutput(model: GenerationModel, index: number): boolean {
  const output = model.outputs[index]
  if (model.isTrashed || output === undefined) return false
  if (output === 'deleted') return true
  const others = model.outputs.filter((other, at) => at !== index && other !== 'deleted')
  const isLast = others.length === 0 || (isShown(output) && !others.some(isShown))
  if (!isTerminal(model.status) || UNFINISHED.includes(output) || isLast) return false
  model.deletedFrom[index] = output
  model.outputs[index] = 'deleted'
  model.transitions.push(`${model.status}→${model.status}`)
  return true
}

/** Restores a deleted output as it was. @returns the expected status of the response */
export function restoreOutput(model: GenerationModel, index: number): number {
  if (model.isTrashed) return 409
  if (model.outputs[index] !== 'deleted') return 200
  const before = model.deletedFrom[index]
  if (!before) return 410
  model.outputs[index] = before
  model.deletedFrom[index] = null
  model.transitions.push(`${model.status}→${model.status}`)
  return 200
}

/** Purges all deleted outputs, unless a worker has the generation. @returns their number */
export function purgeOutputs(model: GenerationModel): number {
  if (model.lease === 'live') return 0
  const count = model.deletedFrom.filter(before => before !== null).length
  model.deletedFrom.fill(null)
  return count
}

/** Actions of a user on a generation that has ended. @returns whether the action is accepted */
export const REOPEN_ACTIONS: Record<'retry' | 'complete' | 'check', (model: GenerationModel) => boolean> = {
  retry: model => isReopenable(model, ['failed', 'cancelled']) && reopen(model, 'queued'),
  complete: model => isReopenable(model, ['completed', 'failed']) && countMissing(model) > 0 && reopen(model, 'queued'),
  check: model =>
    isReopenable(model, ['failed']) &&
    model.calls === 'known' &&
    countMissing(model) > 0 &&
    reopen(model, 'processing'),
}

const UNFINISHED: readonly OutputModel[] = ['pending', 'saving from a URL', 'saving from bytes']

function isShown(output: OutputModel): boolean {
  return output === 'stored' || output === 'temporary'
}

export function setOutputIf(model: GenerationModel, index: number, from: OutputModel[], to: OutputModel): void {
  if (from.includes(model.outputs[index] ?? 'lost')) model.outputs[index] = to
}

function isReopenable({ isTrashed, status }: GenerationModel, statuses: Status[]): boolean {
  return !isTrashed && statuses.includes(status)
}

function reopen(model: GenerationModel, to: Status): true {
  for (const index of model.outputs.keys()) setOutputIf(model, index, ['failed', 'lost', 'pending'], 'pending')
  transition(model, to)
  model.failures = 0
  releaseLease(model)
  return true
}

function finish(model: GenerationModel): void {
  endUnfinishedOutputs(model)
  const hasResult = model.outputs.some(isShown)
  if (hasResult && model.status === 'processing') transition(model, 'uploading')
  transition(model, hasResult ? 'completed' : 'failed')
  releaseLease(model)
}

function endUnfinishedOutputs(model: GenerationModel): void {
  for (const index of model.outputs.keys()) {
    setOutputIf(model, index, ['saving from a URL'], 'temporary')
    setOutputIf(model, index, ['pending', 'saving from bytes'], 'failed')
  }
}

function releaseLease(model: GenerationModel): void {
  model.lease = 'none'
  model.leaseHolder = null
}

function countMissing({ outputs }: GenerationModel): number {
  return outputs.filter(output => output !== 'deleted' && !isShown(output)).length
}

function transition(model: GenerationModel, to: Status): void {
  if (!canTransition(model.status, to))
    throw new Error(`the model has an illegal transition from ${model.status} to ${to}`)
  model.transitions.push(`${model.status}→${to}`)
  model.status = to
}
