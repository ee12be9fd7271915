import type { Status } from '@darkroom/contracts/enums'
import { canTransition, isTerminal } from '@darkroom/contracts/lifecycle'

type OutputModel =
  | 'pending'
  | 'saving from an address'
  | 'saving from bytes'
  | 'temporary'
  | 'stored'
  | 'lost'
  | 'failed'

/** What a generation should be, as the contract's state machine and the design have it. It knows nothing of how that is done. */
export interface GenerationModel {
  status: Status
  isTrashed: boolean
  attempt: number
  failures: number
  /** Whether somebody has it: for good, until somebody else comes, or after having let go of it. */
  lease: 'none' | 'live' | 'expired' | 'released'
  /** Which hold may write, of all that were ever got. */
  leaseHolder: number | null
  leaseCount: number
  /** Whether the provider was sent something that it gave a number for. */
  calls: 'none' | 'known'
  outputs: OutputModel[]
  transitions: string[]
}

/** Silent deaths after which a generation is failed, as the hands have it. */
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
    transitions: ['→queued'],
  }
}

/** What a worker writes does to a generation that it holds. */
export const WORKER_WRITES: Record<string, (model: GenerationModel, index: number) => void> = {
  nothing: () => {},
  call: model => {
    model.calls = 'known'
  },
  url: (model, index) => setOutputIf(model, index, ['pending', 'saving from bytes'], 'saving from an address'),
  bytes: (model, index) => setOutputIf(model, index, ['pending'], 'saving from bytes'),
  store: (model, index) => setOutputIf(model, index, ['saving from an address', 'saving from bytes'], 'stored'),
  markTemporary: (model, index) => {
    setOutputIf(model, index, ['saving from an address'], 'temporary')
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

/** @returns how a claim should end */
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

/** @returns whether it was cancelled by this */
export function cancel(model: GenerationModel): boolean {
  if (isTerminal(model.status)) return false
  transition(model, 'cancelled')
  endUnfinishedOutputs(model)
  releaseLease(model)
  return true
}

/** What a person may ask of a generation that has ended. @returns whether that is taken */
export const REOPEN_ACTIONS: Record<'retry' | 'complete' | 'check', (model: GenerationModel) => boolean> = {
  retry: model => isReopenable(model, ['failed', 'cancelled']) && reopen(model, 'queued'),
  complete: model => isReopenable(model, ['completed', 'failed']) && countMissing(model) > 0 && reopen(model, 'queued'),
  check: model =>
    isReopenable(model, ['failed']) &&
    model.calls === 'known' &&
    countMissing(model) > 0 &&
    reopen(model, 'processing'),
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
  const hasResult = model.outputs.some(output => output === 'stored' || output === 'temporary')
  if (hasResult && model.status === 'processing') transition(model, 'uploading')
  transition(model, hasResult ? 'completed' : 'failed')
  releaseLease(model)
}

function endUnfinishedOutputs(model: GenerationModel): void {
  for (const index of model.outputs.keys()) {
    setOutputIf(model, index, ['saving from an address'], 'temporary')
    setOutputIf(model, index, ['pending', 'saving from bytes'], 'failed')
  }
}

function releaseLease(model: GenerationModel): void {
  model.lease = 'none'
  model.leaseHolder = null
}

function countMissing({ outputs }: GenerationModel): number {
  return outputs.filter(output => output !== 'stored' && output !== 'temporary').length
}

function transition(model: GenerationModel, to: Status): void {
  if (!canTransition(model.status, to)) throw new Error(`the model itself goes from ${model.status} to ${to}`)
  model.transitions.push(`${model.status}→${to}`)
  model.status = to
}
