import type { AnswerRecord } from '../fake-provider/request-log.ts'
import { BYTES_MODEL } from '../fake-provider/wire.ts'
import {
  type CallContext,
  isAmbiguous,
  wasDelayed,
  wasKilledBefore,
  wasReset,
  wasStoppedAfter,
} from './call-context.ts'
import type { CallSnapshot } from './call-snapshots.ts'
import { parseGenerationId } from './check-purchases.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

export interface AnswerReport {
  /** Outputs that the provider delivered whole, as bytes. */
  delivered: number
  /** Of these, outputs that were not stored, for one of the reasons of `checkAnswers`. */
  excused: number
  violations: string[]
}

/**
 * Checks I13: every output that a provider delivered whole as bytes is stored, byte for byte, and every request id that it gave is
 * in its row, unless the process that made the call was killed before the answer was on the disk, a user cancelled it, or the network
 * delayed the call until its sender had given up.
 */
export function checkAnswers(
  context: CallContext,
  calls: readonly CallSnapshot[],
  generations: Map<string, GenerationSnapshot>,
): AnswerReport {
  const requestIds = new Map(calls.map(({ key, requestId }) => [key, requestId]))
  const unknown = new Map(calls.filter(({ isUnknown }) => isUnknown).map(({ key, submittedAt }) => [key, submittedAt]))
  const report: AnswerReport = { delivered: 0, excused: 0, violations: [] }
  for (const answer of context.answers.filter(answer => wasDelivered(context, answer))) {
    const generation = generations.get(parseGenerationId(answer.idempotencyKey))
    // One that was accepted and does not exist violates I1.
    if (!generation) continue
    const unknownSince = unknown.get(answer.idempotencyKey ?? '')
    const isExcused =
      wasKilledBefore(context, answer) ||
      wasStoppedAfter(context, generation, answer.receivedAt) ||
      (unknownSince !== undefined && wasDelayed(context, unknownSince, answer.receivedAt))
    report.delivered += answer.outputs.length
    if (isExcused) report.excused += answer.outputs.length
    // A model that answers with bytes gives no request id, though it may give no outputs.
    else if (answer.model === BYTES_MODEL)
      report.violations.push(
        ...checkDeliveredOutputs(context, answer, generation).map(line => `${line} ${describe(answer, generation)}`),
      )
    else
      report.violations.push(
        ...checkRequestId(answer, requestIds).map(line => `${line} ${describe(answer, generation)}`),
      )
  }
  return report
}

/** Describes an answer and what became of its generation, for a violation. */
function describe({ host, model, receivedAt, closedAt }: AnswerRecord, generation: GenerationSnapshot): string {
  const { status, error, happened } = generation
  return JSON.stringify({ host, model, receivedAt, closedAt, status, error: error?.code, happened })
}

function wasDelivered(context: CallContext, answer: AnswerRecord): boolean {
  const { id, status, endedAt, receivedAt } = answer
  if (id === null || endedAt === null || isAmbiguous(answer)) return false
  return status !== null && status < 300 && !wasReset(context, receivedAt, endedAt)
}

function checkDeliveredOutputs(
  { answers }: CallContext,
  { idempotencyKey, outputs, endedAt }: AnswerRecord,
  generation: GenerationSnapshot,
): string[] {
  const sent = answers
    .filter(other => parseGenerationId(other.idempotencyKey) === generation.id)
    .flatMap(other => other.outputs)
  return outputs.flatMap(({ index }) => {
    const output = generation.outputs.find(other => other.index === index)
    if (output?.state !== 'stored')
      return [`I13 output ${index} of ${idempotencyKey} was delivered at ${endedAt} and is ${output?.state}`]
    const isSent = sent.some(other => other.index === index && other.sha256 === output.sha256)
    return isSent ? [] : [`I13 output ${index} of ${idempotencyKey} is not what the provider sent`]
  })
}

function checkRequestId(
  { id, idempotencyKey, endedAt }: AnswerRecord,
  requestIds: Map<string, string | null>,
): string[] {
  const noted = requestIds.get(idempotencyKey ?? '')
  return noted === id
    ? []
    : [`I13 the request id of ${idempotencyKey}, answered at ${endedAt}, was not noted: ${noted}`]
}
