import type { Workflow } from '@darkroom/contracts/connections/workflow'
import { createEffect, createSignal, on } from 'solid-js'
import { describeProblem } from '../../../request-error.ts'
import type { ConnectionsApi } from '../connections-api.ts'
import { readWorkflowFile } from './workflow-file.ts'

interface WorkflowsOptions {
  api: Pick<ConnectionsApi, 'listWorkflows' | 'addWorkflow' | 'removeWorkflow'>
  /** Id of the connection. */
  id: string
  /** Returns the time of the connection's last check: the server was asked about its workflows then. */
  checkedAt: () => string | null
  /** Reads the connection again: it is being checked. */
  onChanged: () => void
}

/** Creates the workflows of a connection, as they are uploaded, checked and removed. */
export function createWorkflowsState({ api, id, checkedAt, onChanged }: WorkflowsOptions) {
  const [workflows, setWorkflows] = createSignal<readonly Workflow[]>()
  const [problems, setProblems] = createSignal<readonly string[]>([])
  const [isSending, setSending] = createSignal(false)

  async function refresh(): Promise<void> {
    try {
      setWorkflows(await api.listWorkflows(id))
    } catch (error) {
      setProblems([describeProblem(error)])
    }
  }

  /** Uploads files one after another. One that is refused does not keep the others from being added. */
  async function add(files: readonly File[]): Promise<void> {
    setSending(true)
    const refused: string[] = []
    for (const file of files) {
      const problem = await addFile(file)
      if (problem !== null) refused.push(problem)
    }
    setProblems(refused)
    await refresh()
    setSending(false)
    onChanged()
  }

  async function addFile(file: File): Promise<string | null> {
    const read = await readWorkflowFile(file)
    if (read.kind === 'refused') return read.problem
    return await api.addWorkflow(id, read.workflow).then(
      () => null,
      error => `${read.workflow.name}: ${describeProblem(error)}`,
    )
  }

  async function remove(name: string): Promise<void> {
    setProblems([])
    try {
      await api.removeWorkflow(id, name)
    } catch (error) {
      setProblems([describeProblem(error)])
    }
    await refresh()
    onChanged()
  }

  createEffect(on(checkedAt, () => void refresh()))
  return { workflows, problems, isSending, add, remove }
}
