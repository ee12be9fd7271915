import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { WorkflowFile, WorkflowSource } from '../providers/comfyui/load-workflows.ts'
import { readWorkflowFolder } from './workflow-folder.ts'
import { readUploadedWorkflows, recordWorkflowProblems } from './workflow-rows.ts'

/** Creates the workflows of a connection: uploaded ones, and those of the folder. An uploaded one takes the place of a file of its name. */
export function createWorkflowSource(
  { database, dataDir }: { database: Database; dataDir: string },
  connection: string,
): WorkflowSource {
  let names: string[] = []
  return {
    load: async () => {
      const uploaded = await readUploadedWorkflows(database, connection)
      names = uploaded.map(({ name }) => name)
      return mergeWorkflows(uploaded, await readWorkflowFolder(dataDir))
    },
    record: async refused =>
      await transaction(database, tx => recordWorkflowProblems(tx, connection, { names, refused })),
  }
}

/** Creates a source of workflows that were read before, of which nothing is recorded. */
export function createFixedWorkflows(files: readonly WorkflowFile[]): WorkflowSource {
  return { load: async () => [...files], record: async () => {} }
}

/** Returns uploaded workflows, and the files whose names none of them has. */
export function mergeWorkflows(uploaded: readonly WorkflowFile[], files: readonly WorkflowFile[]): WorkflowFile[] {
  const names = new Set(uploaded.map(({ name }) => name))
  return [...uploaded, ...files.filter(({ name }) => !names.has(name))]
}
