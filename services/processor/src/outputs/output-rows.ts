import type { Kind } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import type { PublicError } from '@darkroom/contracts/output'
import type { Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { markTemporary } from '@darkroom/infra/generations/mark-temporary'
import type { Job } from '../queue/job.ts'
import type { DownloadableOutput } from './download.ts'

/** The metadata of a stored output. */
export interface StoredOutput {
  index: number
  /** Kind of the media by its bytes, whatever was requested. */
  kind: Kind
  key: string
  width: number
  height: number
  bytes: number
  mimeType: string
  /** A tiny preview; null for a video without a poster. */
  placeholder: string | null
  /** Hash in hex. */
  sha256: string
  /** Seconds; null for a still image. */
  duration: number | null
}

/**
 * Records an output that the provider has made, before it is stored.
 *
 * @returns false if it was recorded before: it is being stored already, or stored
 */
export async function recordOutput(tx: Transaction, job: Job, output: DownloadableOutput): Promise<boolean> {
  const url = output.kind === 'url' ? output : null
  const { count } = await tx`
    update generation_outputs set state = 'saving', provider_url = ${url?.url ?? null},
      needs_auth = ${url?.needsAuth ?? false}, expires_at = ${url?.expiresAt ?? null}, from_call = ${url !== null},
      poster_url = ${toStorableUrl(url?.posterUrl)}
    where generation_id = ${job.id} and index = ${output.index}
      and (state = 'pending' or (state = 'saving' and provider_url is null))`
  if (count === 1) await bumpVersion(tx, job)
  return count === 1
}

/** Returns a URL as it can be stored; null for one that is malformed or too long. A poster is worth no error. */
function toStorableUrl(url: string | undefined): string | null {
  const href = url !== undefined && URL.canParse(url) ? new URL(url).href : null
  return href !== null && href.length <= LIMITS.urlCharacters ? href : null
}

export async function markStored(tx: Transaction, job: Job, output: StoredOutput): Promise<void> {
  await tx`
    update generation_outputs set ${setStoredColumns(tx, output)}
    where generation_id = ${job.id} and index = ${output.index} and state = 'saving'`
  await bumpVersion(tx, job)
}

/** Returns the SET clause of a stored output's row. */
export function setStoredColumns(tx: Transaction, output: StoredOutput) {
  return tx`
    state = 'stored', kind = ${output.kind}, key = ${output.key}, width = ${output.width}, height = ${output.height},
    bytes = ${output.bytes}, mime_type = ${output.mimeType}, placeholder = ${output.placeholder}, duration = ${output.duration},
    sha256 = decode(${output.sha256}, 'hex'), error = null`
}

/** Marks an output that could not be stored: temporary if the provider has a URL of it, else failed. */
export async function markNotStored(tx: Transaction, job: Job, index: number, error: PublicError): Promise<void> {
  const temporaryCount = await markTemporary(tx, job, [index])
  if (temporaryCount === 0) await markFailed(tx, job, [index], error)
  else await bumpVersion(tx, job)
}

/** Marks outputs failed that were not made, or whose bytes are lost. */
export async function markFailed(tx: Transaction, job: Job, indices: number[], error: PublicError): Promise<void> {
  const { count } = await tx`
    update generation_outputs set state = 'failed', error = ${tx.json(error)}
    where generation_id = ${job.id} and index = any(${indices}::smallint[])
      and (state = 'pending' or (state = 'saving' and provider_url is null))`
  if (count > 0) await bumpVersion(tx, job)
}

export interface OutputSummary {
  /** Number of outputs that are stored or temporary. */
  available: number
  /** Error of the first output that has one. */
  error: PublicError | null
}

/** Summarizes the states of a generation's outputs. */
export async function summarizeOutputs(tx: Transaction, job: Job): Promise<OutputSummary> {
  const [summary] = await tx<OutputSummary[]>`
    select (count(*) filter (where state in ('stored', 'temporary')))::int as available,
           (array_agg(error order by index) filter (where error is not null and state <> 'deleted'))[1] as error
    from generation_outputs where generation_id = ${job.id}`
  return summary ?? { available: 0, error: null }
}

/** Updates the model's average duration for this number of outputs. */
export async function recordTiming(tx: Transaction, job: Job): Promise<void> {
  await tx`
    insert into model_timings (model, num_outputs, samples, seconds)
    select model, num_outputs, 1, extract(epoch from clock_timestamp() - started_at) from generations where id = ${job.id}
    on conflict (model, num_outputs) do update set
      samples = model_timings.samples + 1,
      seconds = model_timings.seconds + (excluded.seconds - model_timings.seconds) / least(model_timings.samples + 1, 20)`
}
