import type { Queryable, Transaction } from '@darkroom/infra/database/connection'
import type { WorkflowGraph } from '@darkroom/infra/workflows/workflow-graph'

/** An uploaded workflow as its row has it. */
export interface WorkflowRow {
  name: string
  graph: unknown
  problem: string | null
  checkedAt: string | null
}

export async function readWorkflowRows(db: Queryable, connection: string): Promise<WorkflowRow[]> {
  return await db<WorkflowRow[]>`
    select name, graph, problem, timestamp_text(checked_at) as "checkedAt"
    from workflows where connection = ${connection} order by created_at, name`
}

/** Adds a workflow, or replaces that of the same name: it is checked anew. */
export async function writeWorkflow(
  tx: Transaction,
  connection: string,
  { name, graph }: { name: string; graph: WorkflowGraph },
): Promise<void> {
  await tx`
    insert into workflows (connection, name, graph) values (${connection}, ${name}, ${tx.json(graph as never)})
    on conflict (connection, name) do update set graph = excluded.graph, problem = null, checked_at = null`
}

/** @returns whether there was one */
export async function deleteWorkflow(tx: Transaction, connection: string, name: string): Promise<boolean> {
  const { count } = await tx`delete from workflows where connection = ${connection} and name = ${name}`
  return count > 0
}
