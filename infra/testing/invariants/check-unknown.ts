import {
  type CallContext,
  isAmbiguous,
  wasAnyKilled,
  wasDelayed,
  wasKilledBefore,
  wasReset,
  wasStoppedAfter,
} from './call-context.ts'
import type { CallSnapshot } from './call-snapshots.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

/** The reason why the outcome of a call may be unknown. */
export type UnknownReason = 'provider' | 'network' | 'kill' | 'cancelled' | 'none'

export interface UnknownReport {
  /** Number of calls whose outcome is unknown, by reason. */
  unknown: Record<UnknownReason, number>
  /** Number of calls that the provider, or the network to it, left open, whether or not their outcome was found out. */
  ambiguous: number
  violations: string[]
}

/** A call that never reached the provider was lost with its process within this time of its note. */
const UNSENT_MS = 5_000

/** Checks I5 and I13: an outcome is unknown only where the provider left it open, or a kill came before its answer had arrived. */
export function checkUnknownOutcomes(
  context: CallContext,
  calls: readonly CallSnapshot[],
  generations: Map<string, GenerationSnapshot>,
): UnknownReport {
  const unknown = { provider: 0, network: 0, kill: 0, cancelled: 0, none: 0 }
  const byKey = Map.groupBy(context.answers, ({ idempotencyKey }) => idempotencyKey)
  const violations: string[] = []
  let lost = 0
  const explained = new Set<string>()
  for (const call of calls.filter(({ isUnknown }) => isUnknown)) {
    const answers = byKey.get(call.key) ?? []
    const reason = explainCall({ ...context, answers }, call, generations.get(call.generationId))
    unknown[reason]++
    if (reason === 'network' && answers.length === 0) lost++
    explained.add(call.generationId)
    if (reason === 'none')
      violations.push(
        `I13 the outcome of ${call.key} is unknown, and nothing left it open: ${JSON.stringify({ call, answers })}`,
      )
  }
  const unexplained = [...generations.values()].filter(
    ({ id, connection, error }) => connection === 'fake' && error?.code === 'unknown_outcome' && !explained.has(id),
  )
  violations.push(...unexplained.map(({ id }) => `I13 ${id} failed with an unknown outcome, and no call of it has one`))
  const ambiguous = context.answers.filter(
    answer => isAmbiguous(answer) || wasReset(context, answer.receivedAt, answer.closedAt ?? answer.receivedAt),
  ).length
  return { unknown, ambiguous: ambiguous + lost, violations }
}

function explainCall(
  context: CallContext,
  call: CallSnapshot,
  generation: GenerationSnapshot | undefined,
): UnknownReason {
  const { answers } = context
  if (answers.some(isAmbiguous)) return 'provider'
  const [first] = answers
  const [from, until] = first
    ? [first.receivedAt, Math.max(...answers.map(({ closedAt, receivedAt }) => closedAt ?? receivedAt))]
    : [call.submittedAt, call.submittedAt + UNSENT_MS]
  if (wasReset(context, from, until) || wasDelayed(context, call.submittedAt, first?.receivedAt)) return 'network'
  if (answers.some(answer => wasKilledBefore(context, answer))) return 'kill'
  if (!first && wasAnyKilled(context, from, until)) return 'kill'
  if (wasStoppedAfter(context, generation, call.submittedAt)) return 'cancelled'
  return 'none'
}
