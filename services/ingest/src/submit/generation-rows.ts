import type { Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { sanitizeParameters } from '@darkroom/contracts/parameters'
import { mediaUrl } from '@darkroom/contracts/routes'
import { computeSize } from '@darkroom/contracts/size'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'
import { publishChange } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { ReferenceRow } from '../references/reference-rows.ts'

export interface NewGeneration {
  id: string
  clientId: string
  identity: Identity
  submission: Submission
  model: Model
  fingerprint: Uint8Array
  references: readonly ReferenceRow[]
  estimatedSeconds: number
}

// Named as a bucket is in rows of other systems; which bucket of which store it really is, is the store's business.
const BUCKET = 'media'

/** The generation that a client's id was used for in a workspace. */
export async function findByClientId(
  db: Queryable,
  workspaceId: string,
  clientId: string,
): Promise<{ id: string; fingerprint: Uint8Array } | undefined> {
  const [row] = await db<{ id: string; fingerprint: Uint8Array }[]>`
    select id, fingerprint from generations where workspace_id = ${workspaceId} and client_id = ${clientId}`
  return row
}

export function isSameFingerprint(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/**
 * Writes a queued generation with everything that belongs to it, and leaves the messages that set it going.
 *
 * @returns false if the client's id is taken; nothing was written then
 */
export async function insertGeneration(tx: Transaction, generation: NewGeneration): Promise<boolean> {
  const parameters = { ...generation.submission.parameters, ...toReferenceParameters(generation.references) }
  if (!(await insertRow(tx, generation, parameters))) return false
  await tx`insert into generation_raw (generation_id, parameters) values (${generation.id}, ${tx.json(parameters)})`
  await tx`insert into generation_jobs (generation_id) values (${generation.id})`
  await insertOutputs(tx, generation)
  await insertGenerationReferences(tx, generation.id, generation.references)
  await tx`insert into generation_events (generation_id, attempt, to_status) values (${generation.id}, 0, 'queued')`
  await enqueueMessage(tx, jobSubject(generation.model.provider), {
    v: 1,
    type: 'generation.queued',
    id: generation.id,
  })
  await publishChange(tx, generation.id, generation.identity.workspaceId)
  await failpoint('before-commit')
  return true
}

async function insertRow(tx: Transaction, generation: NewGeneration, parameters: object): Promise<boolean> {
  const { identity, submission, model } = generation
  const { amount, currency } = model.cost ?? {}
  const cost =
    amount === undefined ? null : { amount: amount * submission.parameters.numOutputs, currency, estimated: true }
  const { count } = await tx`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, parameters,
                             num_outputs, parent, cost, estimated_seconds)
    values (${generation.id}, ${identity.workspaceId}, ${identity.userId}, ${generation.clientId}, ${generation.fingerprint}, ${model.kind},
            ${model.id}, ${model.provider}, ${submission.prompt}, ${tx.json({ ...sanitizeParameters(parameters) })},
            ${submission.parameters.numOutputs}, ${submission.parent ? tx.json(submission.parent) : null},
            ${cost ? tx.json(cost) : null}, ${generation.estimatedSeconds})
    on conflict (workspace_id, client_id) do nothing`
  return count === 1
}

async function insertOutputs(tx: Transaction, generation: NewGeneration): Promise<void> {
  const { aspectRatio, resolution, numOutputs } = generation.submission.parameters
  const { width, height } = computeSize(aspectRatio, resolution)
  await tx`
    insert into generation_outputs (generation_id, index, kind, width, height)
    select ${generation.id}, index, ${generation.model.kind}, ${width}, ${height} from generate_series(0, ${numOutputs - 1}::int) index`
}

async function insertGenerationReferences(
  tx: Transaction,
  id: string,
  references: readonly ReferenceRow[],
): Promise<void> {
  if (references.length === 0) return
  await tx`
    insert into generation_references (generation_id, position, reference_id)
    select ${id}, ordinality - 1, reference_id
    from unnest(${references.map(row => row.id)}::uuid[]) with ordinality as given (reference_id, ordinality)`
}

/** What parameters say of the references: the first one in full, as older systems do, and all by address. */
export function toReferenceParameters(references: readonly ReferenceRow[]): Record<string, unknown> {
  const [first] = references
  if (!first) return {}
  return {
    referenceImageUrl: mediaUrl(first.key),
    referenceImageId: first.id,
    referenceImagePath: first.key,
    referenceImageBucket: BUCKET,
    referenceImageMimeType: first.mimeType,
    referenceImageChecksum: first.sha256,
    referenceImages: references.map(row => mediaUrl(row.key)),
  }
}
