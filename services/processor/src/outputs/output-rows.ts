import type { Kind } from '@darkroom/contracts/enums'
import type { PublicError } from '@darkroom/contracts/output'
import type { Transaction } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { markTemporary } from '@darkroom/infra/generations/mark-temporary'
import type { ProviderOutput } from '../providers/provider.ts'
import type { FinalOutcome, Job, JobCall } from '../queue/job.ts'

/** What is known of an output once it is kept. */
export interface StoredOutput {
  index: number
  /** What it is by its bytes, whatever was asked for. */
  kind: Kind
  key: string
  width: number
  height: number
  bytes: number
  mimeType: string
  /** null for a video */
  placeholder: string | null
  sha256: string
  duration: number | null
}

/** Notes a call before it is made, so that a crash between making it and hearing of it is known to have happened. */
export async function recordCall(tx: Transaction, job: Job, call: JobCall): Promise<void> {
  await tx`
    insert into provider_calls (generation_id, call, first_index, count, round, submitted_at)
    values (${job.id}, ${call.call}, ${call.firstIndex}, ${call.count}, ${call.round}, clock_timestamp())
    on conflict (generation_id, call) do update set submitted_at = excluded.submitted_at`
}

/** Notes the provider's id for a call: from now on a crash asks again instead of buying again. */
export async function recordRequestId(tx: Transaction, job: Job, call: JobCall, requestId: string): Promise<void> {
  await tx`update provider_calls set request_id = ${requestId} where generation_id = ${job.id} and call = ${call.call}`
}

/** Notes that nothing more will come of a call. */
export async function recordCallEnd(tx: Transaction, job: Job, call: JobCall, outcome: FinalOutcome): Promise<void> {
  await tx`
    update provider_calls set finished_at = clock_timestamp(), outcome = ${outcome}
    where generation_id = ${job.id} and call = ${call.call}`
}

/** Takes back the note of a call that the provider refused before it began. */
export async function deleteCall(tx: Transaction, job: Job, call: JobCall): Promise<void> {
  await tx`delete from provider_calls where generation_id = ${job.id} and call = ${call.call} and request_id is null`
}

/**
 * Records what a provider made before anything is done with it.
 *
 * @returns false if it was recorded before: it is being saved already, or saved
 */
export async function recordOutput(tx: Transaction, job: Job, output: ProviderOutput): Promise<boolean> {
  const url = output.kind === 'url' ? output : null
  const { count } = await tx`
    update generation_outputs set state = 'saving', provider_url = ${url?.url ?? null},
      provider_headers = ${url?.headers ? tx.json(url.headers) : null}, expires_at = ${url?.expiresAt ?? null}
    where generation_id = ${job.id} and index = ${output.index}
      and (state = 'pending' or (state = 'saving' and provider_url is null))`
  if (count === 1) await bumpVersion(tx, job.id)
  return count === 1
}

export async function markStored(tx: Transaction, job: Job, output: StoredOutput): Promise<void> {
  await tx`
    update generation_outputs set ${setStoredColumns(tx, output)}
    where generation_id = ${job.id} and index = ${output.index} and state = 'saving'`
  await bumpVersion(tx, job.id)
}

/** What an output's row says once it is kept. */
export function setStoredColumns(tx: Transaction, output: StoredOutput) {
  return tx`
    state = 'stored', kind = ${output.kind}, key = ${output.key}, width = ${output.width}, height = ${output.height},
    bytes = ${output.bytes}, mime_type = ${output.mimeType}, placeholder = ${output.placeholder}, duration = ${output.duration},
    sha256 = decode(${output.sha256}, 'hex'), error = null`
}

/** An output that could not be kept: still at the provider if it has an address there, else it is gone. */
export async function markNotStored(tx: Transaction, job: Job, index: number, error: PublicError): Promise<void> {
  const temporaryCount = await markTemporary(tx, job.id, [index])
  if (temporaryCount === 0) await markFailed(tx, job, [index], error)
  else await bumpVersion(tx, job.id)
}

/** Outputs that will never be made. */
export async function markFailed(tx: Transaction, job: Job, indices: number[], error: PublicError): Promise<void> {
  const { count } = await tx`
    update generation_outputs set state = 'failed', error = ${tx.json(error)}
    where generation_id = ${job.id} and index = any(${indices}::smallint[])
      and (state = 'pending' or (state = 'saving' and provider_url is null))`
  if (count > 0) await bumpVersion(tx, job.id)
}

export interface OutputSummary {
  kept: number
  /** What the first output that failed said. */
  error: PublicError | null
}

/** How a generation's outputs ended. */
export async function summarizeOutputs(tx: Transaction, job: Job): Promise<OutputSummary> {
  const [summary] = await tx<OutputSummary[]>`
    select (count(*) filter (where state in ('stored', 'temporary')))::int as kept,
           (array_agg(error order by index) filter (where error is not null))[1] as error
    from generation_outputs where generation_id = ${job.id}`
  return summary ?? { kept: 0, error: null }
}

/** Learns from a generation how long those of its model and size take. */
export async function recordTiming(tx: Transaction, job: Job): Promise<void> {
  await tx`
    insert into model_timings (model, num_outputs, samples, seconds)
    select model, num_outputs, 1, extract(epoch from clock_timestamp() - started_at) from generations where id = ${job.id}
    on conflict (model, num_outputs) do update set
      samples = model_timings.samples + 1,
      seconds = model_timings.seconds + (excluded.seconds - model_timings.seconds) / least(model_timings.samples + 1, 20)`
}
