import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { type FetchOptions, fetchReferences } from '../references/fetch-references.ts'
import { parseSources, throwValidationError } from '../references/reference-source.ts'
import { type ReferenceDeps, withReferences } from '../references/references.ts'
import { computeFingerprint } from './fingerprint.ts'
import { findByClientId, insertGeneration, isSameFingerprint } from './generation-rows.ts'
import { findModel } from './model-rows.ts'
import { assertQueueQuota } from './queue-quota.ts'
import { validateForModel } from './validate-for-model.ts'

export interface SubmitDeps extends ReferenceDeps {
  /** Unfinished generations that a workspace may have. */
  queueDepth: number
}

/** `document` is the generation's JSON text; `created` is false if the same submission had been accepted before. */
export interface SubmitResult {
  document: string
  created: boolean
}

/**
 * Takes a submission in: judges it, persists its references, and writes the row and the message about it in one transaction.
 * When this returns, nothing of it can be lost. The client's id makes it safe to send again.
 *
 * @param fetchOptions what references sent by address need: memory, and a signal that ends when nobody waits any more
 * @throws ProblemError `invalid`; `conflict` if the client's id was used for something else; `too_many` if the queue is full;
 *   `unavailable`
 */
export async function submit(
  deps: SubmitDeps,
  identity: Identity,
  submission: Submission,
  fetchOptions: FetchOptions,
): Promise<SubmitResult> {
  const submittedReferences = parseSources(submission)
  const model = await resolveModel(deps, submission, submittedReferences.length)
  const fingerprint = computeFingerprint({ ...submission, model: model.id }, submittedReferences)
  const clientId = submission.clientId ?? crypto.randomUUID()
  const existing = await findExistingSubmission(deps, identity, clientId, fingerprint)
  if (existing) return existing
  // Before anything is stored, and again in the transaction: what is stored takes its time.
  await assertQueueQuota(deps.database, identity.workspaceId, deps.queueDepth - 1)
  const id = Bun.randomUUIDv7()
  const estimatedSeconds = estimateSeconds(model, submission.parameters.numOutputs)
  const newGeneration = { id, clientId, identity, submission, model, fingerprint, estimatedSeconds }
  const sources = await fetchReferences(submittedReferences, fetchOptions)
  const isInserted = await withReferences(deps, identity, sources, async (tx, references) => {
    const isInserted = await insertGeneration(tx, { ...newGeneration, references })
    if (isInserted) await assertQueueQuota(tx, identity.workspaceId, deps.queueDepth)
    return isInserted
  })
  await failpoint('after-commit')
  // Somebody else, most likely the same client trying again, was faster by the time it took to store the references.
  const concurrent = isInserted ? undefined : await findExistingSubmission(deps, identity, clientId, fingerprint)
  return concurrent ?? { document: await readDocument(deps, identity, id), created: true }
}

async function resolveModel(deps: ReferenceDeps, submission: Submission, referenceCount: number): Promise<Model> {
  const model = await findModel(deps.database, submission.model)
  if (!model)
    throwValidationError([
      { path: 'model', message: submission.model ? 'is not a model of this studio' : 'is missing' },
    ])
  const errors = validateForModel(model, submission, referenceCount)
  if (errors.length > 0) throwValidationError(errors)
  return model
}

async function findExistingSubmission(
  deps: ReferenceDeps,
  identity: Identity,
  clientId: string,
  fingerprint: Uint8Array,
): Promise<SubmitResult | undefined> {
  const existing = await findByClientId(deps.database, identity.workspaceId, clientId)
  if (!existing) return undefined
  if (!isSameFingerprint(existing.fingerprint, fingerprint)) {
    throw new ProblemError('conflict', 'This clientId was used for another submission. Make a new one for each.')
  }
  return { document: await readDocument(deps, identity, existing.id), created: false }
}

async function readDocument(deps: ReferenceDeps, identity: Identity, id: string): Promise<string> {
  const document = await readGeneration(deps.database, { id, workspaceId: identity.workspaceId })
  if (document === null) throw new Error('an accepted generation is gone')
  return document
}
