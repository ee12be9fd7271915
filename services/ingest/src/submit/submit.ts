import { estimateSeconds } from '@darkroom/contracts/estimate'
import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole, Model } from '@darkroom/contracts/model'
import { isUsable, orderByLikeness } from '@darkroom/contracts/other-model/nearest-model'
import { getCurrency } from '@darkroom/contracts/price'
import type { Queryable } from '@darkroom/infra/database/connection'
import { readGeneration } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { type FetchOptions, fetchReferences } from '../references/fetch-references.ts'
import { parseSources } from '../references/reference-source.ts'
import { type ReferenceDeps, withReferences } from '../references/references.ts'
import { throwValidationError } from '../validation-error.ts'
import { assertActive } from './assert-active.ts'
import { assertStillWithinBudgets, assertWithinBudgets, type BudgetDeps } from './budget.ts'
import { readLimits } from './budget-rows.ts'
import { computeFingerprint } from './fingerprint.ts'
import {
  estimateOutputMicros,
  findByClientId,
  insertGeneration,
  isSameFingerprint,
  listImages,
} from './generation-rows.ts'
import { findModel, listModels } from './model-rows.ts'
import { isParent } from './parent-rows.ts'
import { parseInputs, uniqueInputs } from './parse-inputs.ts'
import { assertQueueQuota } from './queue-quota.ts'
import { assertReplaceable, replaceGeneration } from './replace-generation.ts'
import { validateForModel, validateResultSize } from './validate-for-model.ts'
import { validateVerb } from './validate-verb.ts'

export interface SubmitDeps extends ReferenceDeps, BudgetDeps {
  /** Unfinished generations that a workspace may have. */
  queueDepth: number
}

/** `document` is the generation's JSON text; `isNew` is false if the same submission was accepted before. */
export interface SubmitResult {
  document: string
  isNew: boolean
}

/**
 * Accepts a submission: validates it, stores its references, and writes its rows and its messages in one transaction. It is
 * durable once this returns. The client id is the idempotency key, also where the header has it.
 *
 * @param key of the header, as `readIdempotencyKey` returns it
 * @param fetchOptions for references that were sent by URL; the signal is aborted when the client disconnects
 * @throws ProblemError `invalid`; `conflict` if the client id was used for another submission, or in a restored copy; `too_many` if the queue is full;
 *   `budget_reached`; `unavailable`; `conflict` if what it is made instead of is not one that can be made elsewhere
 */
export async function submit(
  deps: SubmitDeps,
  identity: Identity,
  { submission, key }: { submission: Submission; key?: string | undefined },
  fetchOptions: FetchOptions,
): Promise<SubmitResult> {
  const clientId = resolveClientId(submission.clientId, key)
  const inputs = parseInputs(submission)
  const model = await resolveModel(deps.database, submission, inputs.roles)
  const fingerprint = computeFingerprint({ ...submission, model: model.id }, parseSources(submission))
  const existing = await findExistingSubmission(deps.database, identity, clientId, fingerprint)
  if (existing) return existing
  await assertActive(deps.database)
  await assertParent(deps.database, identity, submission)
  // Checked before references are stored, and again in the transaction: storing takes time, and the queue may fill up meanwhile.
  const { insteadOf } = submission
  if (insteadOf !== undefined)
    await assertReplaceable(deps.database, { id: insteadOf, workspaceId: identity.workspaceId })
  // What it is made instead of leaves the queue.
  const added = insteadOf === undefined ? 1 : 0
  await assertQueueQuota(deps.database, identity.workspaceId, deps.queueDepth - added)
  const { connection } = model
  const assumedMicros = (await readLimits(deps.database, connection))?.assumedMicros ?? null
  const outputs = submission.parameters.numOutputs
  const currency = getCurrency(model.price) ?? 'USD'
  const outputMicros = estimateOutputMicros({ submission, model, assumedMicros, references: [] })
  await assertWithinBudgets(deps.database, deps, { connection, outputMicros, currency, outputs })
  const id = Bun.randomUUIDv7()
  const estimatedSeconds = estimateSeconds(model, outputs)
  const newGeneration = { id, clientId, identity, submission, model, fingerprint, estimatedSeconds, assumedMicros }
  const { client, signal } = fetchOptions
  const request = { sources: await fetchReferences(inputs.references, fetchOptions), client, signal }
  const isInserted = await withReferences(deps, identity, request, async (tx, rows) => {
    const references = rows.map((row, position) => ({ ...row, role: inputs.roles[position] ?? 'reference' }))
    const generation = { ...newGeneration, references: uniqueInputs(references, row => row.id) }
    const errors = validateResultSize(model, listImages(generation)[0])
    if (errors.length > 0) throwValidationError(errors)
    // Again: it may have been removed while the references were stored.
    await assertParent(tx, identity, submission)
    const isInserted = await insertGeneration(tx, generation)
    if (!isInserted) return false
    const { workspaceId } = identity
    if (insteadOf !== undefined) await replaceGeneration(tx, { id: insteadOf, workspaceId }, { id, workspaceId, model })
    await assertQueueQuota(tx, identity.workspaceId, deps.queueDepth)
    const outputMicros = estimateOutputMicros(generation)
    await assertStillWithinBudgets(tx, deps, { id, workspaceId, connection, outputMicros, currency })
    return true
  })
  await failpoint('after-commit')
  // Another request, most likely a repetition by the same client, was accepted while the references were stored.
  const concurrent = isInserted
    ? undefined
    : await findExistingSubmission(deps.database, identity, clientId, fingerprint)
  return concurrent ?? { document: await readDocument(deps.database, identity, id), isNew: true }
}

/** Returns the client id of a submission: that of its body or of its header, or a new one. @throws ProblemError `invalid` when they differ */
function resolveClientId(clientId: string | undefined, key: string | undefined): string {
  if (clientId === undefined || key === undefined || clientId === key) return clientId ?? key ?? crypto.randomUUID()
  throwValidationError([
    { path: 'clientId', message: 'is not the same as the header Idempotency-Key; send one of them, or the same UUID' },
  ])
}

async function resolveModel(db: Queryable, submission: Submission, roles: readonly InputRole[]): Promise<Model> {
  const model = await findModel(db, submission.model)
  if (!model) throwValidationError([{ path: 'model', message: await describeMissing(db, submission.model) }])
  const errors = [...validateForModel(model, submission, roles), ...validateVerb(model, submission, roles)]
  if (errors.length > 0) throwValidationError(errors)
  return model
}

/** Describes a model that is not offered, or not any more, with the most similar one that is. */
async function describeMissing(db: Queryable, id: string | undefined): Promise<string> {
  if (id === undefined) return 'is missing'
  const [nearest] = orderByLikeness((await listModels(db)).filter(isUsable), { id })
  return `is not a model of this studio${nearest ? `; the most similar one is ${nearest.id}` : ''}`
}

/** Checks that what a submission goes on from is there. @throws ProblemError `invalid` */
async function assertParent(db: Queryable, { workspaceId }: Identity, { parent }: Submission): Promise<void> {
  if (parent === undefined || (await isParent(db, workspaceId, parent))) return
  throwValidationError([{ path: 'parent', message: 'is not an output of yours, or was removed permanently' }])
}

async function findExistingSubmission(
  db: Queryable,
  identity: Identity,
  clientId: string,
  fingerprint: Uint8Array,
): Promise<SubmitResult | undefined> {
  const existing = await findByClientId(db, identity.workspaceId, clientId)
  if (!existing) return undefined
  if (!isSameFingerprint(existing.fingerprint, fingerprint)) {
    throw new ProblemError(
      'conflict',
      'This clientId, or Idempotency-Key, was used for another submission. Make a new one for each.',
    )
  }
  return { document: await readDocument(db, identity, existing.id), isNew: false }
}

async function readDocument(db: Queryable, identity: Identity, id: string): Promise<string> {
  const document = await readGeneration(db, { id, workspaceId: identity.workspaceId })
  if (document === null) throw new Error(`generation ${id} was accepted but has no document`)
  return document
}
