import type { NewWorkflow } from '@darkroom/contracts/connections/workflow'

/** A chosen file, as a workflow or with the sentence that says why it is none. */
export type WorkflowFile = { kind: 'workflow'; workflow: NewWorkflow } | { kind: 'refused'; problem: string }

/** Bytes of the longest file that the studio takes. */
const MAX_BYTES = 2_000_000

/** Reads a chosen file. The studio decides whether its content is a workflow. */
export async function readWorkflowFile(file: Pick<File, 'name' | 'size' | 'text'>): Promise<WorkflowFile> {
  if (file.size > MAX_BYTES) return { kind: 'refused', problem: `${file.name} is longer than 2 MB.` }
  try {
    return { kind: 'workflow', workflow: { name: toWorkflowName(file.name), graph: JSON.parse(await file.text()) } }
  } catch {
    return { kind: 'refused', problem: `${file.name} is not JSON. Export it in ComfyUI by Workflow → Export (API).` }
  }
}

/** Returns the name of a workflow by that of its file: without the ending, and what no name may have. */
export function toWorkflowName(fileName: string): string {
  const name = fileName
    .replace(/\.json$/i, '')
    .replaceAll(/[\p{C},/\\]/gu, ' ')
    .trim()
    .slice(0, 80)
    .trim()
  return name === '' ? 'Workflow' : name
}
