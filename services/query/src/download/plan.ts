import type { Database } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { groupItems, type RequestedOutputs } from './download-parameters.ts'
import { type OutputRow, readOutputRows } from './download-rows.ts'

/** A generation of a download, with those of its outputs that are requested. */
export interface PlannedGeneration {
  id: string
  outputs: OutputRow[]
}

/** The content of a download. */
export interface DownloadPlan {
  generations: PlannedGeneration[]
  /** Number of files, without the manifest. */
  files: number
  /** Sum of the sizes of the files. */
  bytes: number
}

/**
 * Finds what a download consists of, in the order of its items.
 *
 * @throws ProblemError `not_found` for a generation or an output that the workspace does not have
 */
export async function planDownload(
  database: Database,
  workspaceId: string,
  items: readonly string[],
): Promise<DownloadPlan> {
  const requested = groupItems(items)
  const rows = await readOutputRows(database, workspaceId, [...requested.keys()])
  const generations = [...requested].map(([id, outputs]) => ({ id, outputs: selectOutputs(rows.get(id), outputs) }))
  const files = generations.flatMap(({ outputs }) => outputs).filter(({ key }) => key !== null)
  return { generations, files: files.length, bytes: files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) }
}

function selectOutputs(rows: OutputRow[] | undefined, requested: RequestedOutputs): OutputRow[] {
  const outputs = requested === 'all' ? rows : rows?.filter(({ index }) => requested.has(index))
  if (!outputs || (requested !== 'all' && outputs.length < requested.size)) {
    throw new ProblemError('not_found', 'One of the pictures to be downloaded does not exist (any more).')
  }
  return outputs
}
