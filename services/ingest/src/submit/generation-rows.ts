import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole, Model } from '@darkroom/contracts/model'
import { withDefaults } from '@darkroom/contracts/model-fields'
import { sanitizeParameters } from '@darkroom/contracts/parameters'
import { estimateMicros, fromMicros, getCurrency } from '@darkroom/contracts/price'
import { type PixelSize, resolveSize } from '@darkroom/contracts/size'
import { jobSubject } from '@darkroom/contracts/subjects'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import { enqueueMessage } from '@darkroom/infra/database/outbox'
import { type GenerationKey, publishChange } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import { toReferenceParameters } from '../references/reference-parameters.ts'
import type { ReferenceRow } from '../references/reference-rows.ts'

/** An input image of a submission. */
export type InputRow = ReferenceRow & { role: InputRole }

/** A validated submission that is about to become a row. */
export interface NewGeneration {
  id: string
  clientId: string
  identity: Identity
  submission: Submission
  model: Model
  fingerprint: Uint8Array
  references: readonly InputRow[]
  estimatedSeconds: number
  /** Price of an output that the connection assumes where its model has none. */
  assumedMicros: number | null
}

type PricedGeneration = Pick<NewGeneration, 'submission' | 'model' | 'references' | 'assumedMicros'>

/** Returns the generation that a workspace has for a client id. */
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
 * Inserts a queued generation with all of its rows, and enqueues its job and its change event.
 *
 * @returns false, with nothing written, if the client id is taken
 */
export async function insertGeneration(tx: Transaction, generation: NewGeneration): Promise<boolean> {
  const parameters = { ...generation.submission.parameters, ...toReferenceParameters(generation.references) }
  if (!(await insertRow(tx, generation, parameters))) return false
  const { id, workspaceId } = getKey(generation)
  await tx`
    insert into generation_raw (workspace_id, generation_id, parameters) values (${workspaceId}, ${id}, ${tx.json(parameters)})`
  await tx`insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id})`
  await insertOutputs(tx, generation)
  await insertGenerationReferences(tx, generation)
  await tx`
    insert into generation_events (workspace_id, generation_id, attempt, to_status) values (${workspaceId}, ${id}, 0, 'queued')`
  const queued = { v: 1, type: 'generation.queued', id } as const
  await enqueueMessage(tx, jobSubject(generation.model.connection), queued, workspaceId)
  await publishChange(tx, { id, workspaceId })
  await failpoint('before-commit')
  return true
}

function getKey({ id, identity: { workspaceId } }: NewGeneration): GenerationKey {
  return { id, workspaceId }
}

async function insertRow(tx: Transaction, generation: NewGeneration, parameters: object): Promise<boolean> {
  const { identity, submission, model } = generation
  const micros = estimateOutputMicros(generation)
  const currency = getCurrency(model.price) ?? 'USD'
  const amount = fromMicros((micros ?? 0) * submission.parameters.numOutputs)
  const parent = submission.parent ?? null
  const cost = micros === null || model.price.kind === 'free' ? null : { amount, currency, estimated: true }
  const { count } = await tx`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, parameters,
                             num_outputs, parent, cost, output_micros, currency, estimated_seconds)
    values (${generation.id}, ${identity.workspaceId}, ${identity.userId}, ${generation.clientId}, ${generation.fingerprint}, ${model.kind},
            ${model.id}, ${model.connection}, ${submission.prompt}, ${tx.json({ ...sanitizeParameters(parameters) })},
            ${submission.parameters.numOutputs}, ${parent && tx.json(parent)},
            ${cost ? tx.json(cost) : null}, ${micros}, ${currency}, ${generation.estimatedSeconds})
    on conflict (workspace_id, client_id) do nothing`
  return count === 1
}

async function insertOutputs(tx: Transaction, generation: NewGeneration): Promise<void> {
  const { numOutputs } = generation.submission.parameters
  const { width, height } = resolveOutputSize(generation)
  await tx`
    insert into generation_outputs (workspace_id, generation_id, index, kind, width, height)
    select ${generation.identity.workspaceId}, ${generation.id}, index, ${generation.model.kind}, ${width}, ${height}
    from generate_series(0, ${numOutputs - 1}::int) index`
}

async function insertGenerationReferences(tx: Transaction, generation: NewGeneration): Promise<void> {
  const { references } = generation
  if (references.length === 0) return
  const { id, workspaceId } = getKey(generation)
  const roles = references.map(({ role }) => role)
  await tx`
    insert into generation_references (workspace_id, generation_id, position, reference_id, role)
    select ${workspaceId}, ${id}, ordinality - 1, reference_id, role
    from unnest(${references.map(row => row.id)}::uuid[], ${roles}::text[]) with ordinality as input (reference_id, role, ordinality)`
}

/**
 * Returns the estimated price of one output, in micro-units: that of the model, else the one that its connection assumes; null if it is
 * unknown.
 */
export function estimateOutputMicros(generation: PricedGeneration): number | null {
  const { submission, model, assumedMicros } = generation
  const { resolution, duration, settings = {} } = submission.parameters
  const micros = estimateMicros(model.price, {
    ...resolveOutputSize(generation),
    resolution,
    duration,
    settings: withDefaults(model, settings),
    references: listImages(generation).length,
  })
  return micros ?? assumedMicros
}

/** Lists the references of a submission that are images and no masks, the source of a change first. */
export function listImages({ references }: Pick<NewGeneration, 'references'>): ReferenceRow[] {
  const images = references.filter(({ role }) => role !== 'mask')
  return [...images.filter(({ role }) => role === 'source'), ...images.filter(({ role }) => role !== 'source')]
}

function resolveOutputSize(generation: Pick<NewGeneration, 'submission' | 'model' | 'references'>): PixelSize {
  const { submission, model } = generation
  const size = resolveSize(model.sizes, submission.parameters, listImages(generation)[0])
  if (!size) throw new Error('a size was accepted that the model does not offer')
  return size
}

/** Returns whether a workspace has more than `limit` unfinished generations. */
export async function hasMoreUnfinished(db: Queryable, workspaceId: string, limit: number): Promise<boolean> {
  const rows = await db`
    select from generations where workspace_id = ${workspaceId} and status in ('queued', 'processing', 'uploading')
    offset ${limit} limit 1`
  return rows.length > 0
}
