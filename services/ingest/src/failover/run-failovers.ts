import type { Activity } from '@darkroom/infra/database/activity'
import { ProblemError } from '@darkroom/infra/http/problem'
import type { Log } from '@darkroom/infra/log'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { runForever } from '@darkroom/infra/runtime/run-forever'
import { findModel } from '../submit/model-rows.ts'
import { type SubmitDeps, submit } from '../submit/submit.ts'
import { createFailoverSubmission } from './create-submission.ts'
import { type DueGeneration, readDueGenerations } from './failover-rows.ts'

export interface FailoverDeps extends SubmitDeps {
  /** Absent: it looks as often in a quiet studio. */
  activity?: Pick<Activity, 'wait'>
  log: Log
  signal: AbortSignal
  /** Time that a generation waits for its connection until the rule applies, in seconds; a minute unless given. */
  afterSeconds?: number
  /** Average time between two looks, in ms. */
  pollMs?: number
}

const AFTER_SECONDS = 60
const POLL_MS = 5_000
/** Time for which a generation that the rule's model does not take is left alone. */
const PAUSE_MS = 600_000
const MAX_REFUSED = 10_000

/**
 * Applies the rules of connections until the signal is aborted: what waits for a connection that is down, or lacks a key or credit, is
 * made by the model that a person has named for it. Never what its provider may have taken. Any number of processes may do so.
 */
export async function runFailovers(deps: FailoverDeps): Promise<void> {
  const { activity, log, signal, pollMs = POLL_MS } = deps
  const wait = activity && { wait: activity.wait }
  const refused = new Map<string, number>()
  const options = { name: 'failover', policy: RETRY_POLICIES.maintenance, idleMs: pollMs, ...wait, log, signal }
  await runForever(options, async () => {
    const due = await readDueGenerations(deps.database, deps.afterSeconds ?? AFTER_SECONDS)
    for (const generation of due) await failOver(deps, generation, refused)
    return 'idle'
  })
}

/** @param refused generations that the model of their rule did not take, each with the time until which it is left alone */
async function failOver(deps: FailoverDeps, generation: DueGeneration, refused: Map<string, number>): Promise<void> {
  const { id, workspaceId, userId, failoverModel } = generation
  const key = `${id} ${failoverModel}`
  if ((refused.get(key) ?? 0) > performance.now()) return
  if (refused.size > MAX_REFUSED) refused.clear()
  const model = await findModel(deps.database, failoverModel)
  const submission = model && createFailoverSubmission(generation, model)
  const reason = submission
    ? await submitInstead(deps, { workspaceId, userId, admin: false }, submission)
    : 'the model does not take it'
  if (reason === null) return deps.log.info({ generation: id, model: failoverModel }, 'failover')
  refused.set(key, performance.now() + PAUSE_MS)
  deps.log.info({ generation: id, model: failoverModel, reason }, 'failover_refused')
}

/** @returns the reason of a refusal; null if it was accepted */
async function submitInstead(
  deps: FailoverDeps,
  identity: Parameters<typeof submit>[1],
  submission: Parameters<typeof submit>[2]['submission'],
): Promise<string | null> {
  try {
    // The references are in the store already.
    await submit(deps, identity, { submission }, { reserve: () => {}, signal: deps.signal })
    return null
  } catch (error) {
    if (error instanceof ProblemError) return error.message
    throw error
  }
}
