import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { type Fetching, fetchReferences } from '../references/fetch-references.ts'
import { readSources, refuse } from '../references/reference-source.ts'
import { type ReferenceDeps, withReferences } from '../references/references.ts'
import { fingerprintOf } from './fingerprint.ts'
import { findByClientId, insertGeneration, isSameFingerprint } from './generation-rows.ts'
import { findModel } from './model-rows.ts'
import { requireRoom } from './queue-quota.ts'
import { judge } from './validate-for-model.ts'

export interface AcceptDeps extends ReferenceDeps {
  /** Unfinished generations that a workspace may have. */
  queueDepth: number
}

/** `document` is the generation's JSON text; `created` is false if the same submission had been accepted before. */
export interface Accepted {
  document: string
  created: boolean
}

/**
 * Takes a submission in: judges it, persists its references, and writes the row and the message about it in one transaction.
 * When this returns, nothing of it can be lost. The client's id makes it safe to send again.
 *
 * @param fetching what references sent by address need: memory, and a signal that ends when nobody waits any more
 * @throws ProblemError `invalid`; `conflict` if the client's id was used for something else; `too_many` if the queue is full;
 *   `unavailable`
 */
export async function accept(
  deps: AcceptDeps,
  identity: Identity,
  submission: Submission,
  fetching: Fetching,
): Promise<Accepted> {
  const sent = readSources(submission)
  const model = await modelFor(deps, submission, sent.length)
  const fingerprint = fingerprintOf({ ...submission, model: model.id }, sent)
  const clientId = submission.clientId ?? crypto.randomUUID()
  const before = await replay(deps, identity, clientId, fingerprint)
  if (before) return before
  // Before anything is stored, and again in the transaction: what is stored takes its time.
  await requireRoom(deps.database, identity.workspaceId, deps.queueDepth - 1)
  const id = Bun.randomUUIDv7()
  const estimatedSeconds = estimateSeconds(model, submission.parameters.numOutputs)
  const accepted = { id, clientId, identity, submission, model, fingerprint, estimatedSeconds }
  const sources = await fetchReferences(sent, fetching)
  const written = await withReferences(deps, identity, sources, async (tx, references) => {
    const inserted = await insertGeneration(tx, { ...accepted, references })
    if (inserted) await requireRoom(tx, identity.workspaceId, deps.queueDepth)
    return inserted
  })
  await failpoint('after-commit')
  // Somebody else, most likely the same client trying again, was faster by the time it took to store the references.
  const after = written ? undefined : await replay(deps, identity, clientId, fingerprint)
  return after ?? { document: await documentOf(deps, identity, id), created: true }
}

async function modelFor(deps: ReferenceDeps, submission: Submission, references: number): Promise<Model> {
  const model = await findModel(deps.database, submission.model)
  if (!model) refuse([{ path: 'model', message: submission.model ? 'is not a model of this studio' : 'is missing' }])
  const objections = judge(model, submission, references)
  if (objections.length > 0) refuse(objections)
  return model
}

async function replay(
  deps: ReferenceDeps,
  identity: Identity,
  clientId: string,
  fingerprint: Uint8Array,
): Promise<Accepted | undefined> {
  const known = await findByClientId(deps.database, identity.workspaceId, clientId)
  if (!known) return undefined
  if (!isSameFingerprint(known.fingerprint, fingerprint)) {
    throw new ProblemError('conflict', 'This clientId was used for another submission. Make a new one for each.')
  }
  return { document: await documentOf(deps, identity, known.id), created: false }
}

async function documentOf(deps: ReferenceDeps, identity: Identity, id: string): Promise<string> {
  const document = await readGeneration(deps.database, { id, workspaceId: identity.workspaceId })
  if (document === null) throw new Error('an accepted generation is gone')
  return document
}
