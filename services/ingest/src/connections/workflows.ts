import type { NewWorkflow, Workflow } from '@darkroom/contracts/connections/workflow'
import { publishConnectionChange } from '@darkroom/infra/connections/connection-changes'
import type { Transaction } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { readWorkflow } from '@darkroom/infra/workflows/read-workflow'
import { listSlotNames } from '@darkroom/infra/workflows/workflow-slots'
import { type LockedConnection, markForCheck } from './connection-rows.ts'
import { type ConnectionDeps, withConnection } from './connections.ts'
import { assertWorkflowStorable } from './validate-workflow.ts'
import { deleteWorkflow, readWorkflowRows, type WorkflowRow, writeWorkflow } from './workflow-rows.ts'

const MAX_WORKFLOWS = 100

/** Lists the workflows that were uploaded for a connection. @throws ProblemError `not_found`; `conflict` for one of another kind */
export async function listWorkflows(deps: ConnectionDeps, id: string): Promise<Workflow[]> {
  return await withWorkflows(deps, id, async tx => (await readWorkflowRows(tx, id)).map(toWorkflow))
}

/**
 * Adds a workflow to a connection, or replaces the one of its name, and requests that the server is asked whether it can run it.
 *
 * @throws ProblemError `not_found`; `conflict` for a connection of another kind; `invalid` with what is wrong with the file
 */
export async function addWorkflow(deps: ConnectionDeps, id: string, { name, graph }: NewWorkflow): Promise<Workflow> {
  const read = readWorkflow(graph)
  if (typeof read === 'string') throw new ProblemError('invalid', read)
  assertWorkflowStorable(read.graph)
  return await withWorkflows(deps, id, async tx => {
    const rows = await readWorkflowRows(tx, id)
    if (rows.length >= MAX_WORKFLOWS && !rows.some(row => row.name === name))
      throw new ProblemError('conflict', `A connection has at most ${MAX_WORKFLOWS} workflows. Remove one first.`)
    await writeWorkflow(tx, id, { name, graph: read.graph })
    await requestListing(tx, id)
    return toWorkflow({ name, graph: read.graph, problem: null, checkedAt: null })
  })
}

/** Removes a workflow: its model is offered no longer. @throws ProblemError `not_found`; `conflict` for a connection of another kind */
export async function removeWorkflow(deps: ConnectionDeps, id: string, name: string): Promise<void> {
  await withWorkflows(deps, id, async tx => {
    if (!(await deleteWorkflow(tx, id, name))) throw new ProblemError('not_found', 'There is no such workflow.')
    await requestListing(tx, id)
  })
}

/** Requests a check, which lists the models as well. */
async function requestListing(tx: Transaction, id: string): Promise<void> {
  await markForCheck(tx, id)
  await publishConnectionChange(tx, id)
}

async function withWorkflows<T>(deps: ConnectionDeps, id: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return await withConnection(deps, id, async (tx, current) => {
    assertTakesWorkflows(current)
    return await work(tx)
  })
}

function assertTakesWorkflows({ kind }: LockedConnection): void {
  if (kind !== 'comfyui') throw new ProblemError('conflict', 'Only a connection to ComfyUI has workflows.')
}

function toWorkflow({ graph, ...row }: WorkflowRow): Workflow {
  const read = readWorkflow(graph)
  return { ...row, slots: typeof read === 'string' ? [] : listSlotNames(read.slots) }
}
