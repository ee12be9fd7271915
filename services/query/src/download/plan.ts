import type { Database } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { groupItems, type RequestedOutputs } from './download-parameters.ts'
import { type OutputRow, readOutputRows } from './download-rows.ts'

/** The content of a download. Its rows are read again when their turn comes: those of ten thousand generations are too many to keep. */
export interface DownloadPlan {
  /** The requested outputs by generation, in the order of the items. */
  requested: ReadonlyMap<string, RequestedOutputs>
  /** Number of files, without the manifest. */
  files: number
  /** Sum of the sizes of the files. */
  bytes: number
}

/** Generations whose rows are read at once. */
export const ROW_BATCH = 100

/**
 * Finds what a download consists of.
 *
 * @throws ProblemError `not_found` for a generation or an output that the workspace does not have
 */
export async function planDownload(
  database: Database,
  workspaceId: string,
  items: readonly string[],
): Promise<DownloadPlan> {
  const requested = groupItems(items)
  const plan = { requested, files: 0, bytes: 0 }
  for (const ids of listBatches(requested)) {
    const rows = await readOutputRows(database, workspaceId, ids)
    const outputs = ids.flatMap(id => requireOutputs(rows.get(id), requested.get(id) ?? 'all'))
    const files = outputs.filter(({ key }) => key !== null)
    plan.files += files.length
    plan.bytes += files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
  }
  return plan
}

/** Lists the ids of a download's generations in batches, in their order. */
export function listBatches(requested: DownloadPlan['requested']): string[][] {
  const ids = [...requested.keys()]
  return Array.from({ length: Math.ceil(ids.length / ROW_BATCH) }, (_, batch) =>
    ids.slice(batch * ROW_BATCH, (batch + 1) * ROW_BATCH),
  )
}

/** Returns those outputs of a generation that are requested. */
export function selectOutputs(rows: readonly OutputRow[], requested: RequestedOutputs): OutputRow[] {
  return rows.filter(({ index }) => requested === 'all' || requested.has(index))
}

function requireOutputs(rows: OutputRow[] | undefined, requested: RequestedOutputs): OutputRow[] {
  const outputs = rows && selectOutputs(rows, requested)
  if (!outputs || (requested !== 'all' && outputs.length < requested.size)) {
    throw new ProblemError('not_found', 'One of the pictures to be downloaded does not exist (any more).')
  }
  return outputs
}
