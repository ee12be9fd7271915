import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { RefusedWorkflow, WorkflowFile } from '../providers/comfyui/load-workflows.ts'

/** Reads the workflows that were uploaded for a connection. */
export async function readUploadedWorkflows(db: Queryable, connection: string): Promise<WorkflowFile[]> {
  return await db<WorkflowFile[]>`
    select name, graph as content from workflows where connection = ${connection} order by created_at, name`
}

/**
 * Records which uploaded workflows a server can run, and why not the others. One that was replaced meanwhile is checked again.
 *
 * @param checked `names`: the workflows that the server was asked about. One that was uploaded since was not
 */
export async function recordWorkflowProblems(
  tx: Transaction,
  connection: string,
  { names, refused }: { names: readonly string[]; refused: readonly RefusedWorkflow[] },
): Promise<void> {
  const problems = tx.json(Object.fromEntries(refused.map(({ name, problem }) => [name, problem])))
  await tx`
    update workflows set problem = ${problems} ->> name, checked_at = clock_timestamp()
    where connection = ${connection} and name = any(${[...names]}::text[])`
}
