import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { WorkflowName } from '@darkroom/contracts/connections/workflow'
import { toUndefinedIfMissing } from '@darkroom/infra/runtime/error-code'
import type { WorkflowFile } from '../providers/comfyui/load-workflows.ts'

const FOLDER = 'workflows'
const MAX_FILES = 100
const MAX_BYTES = 2_000_000

/** Reads the workflows in `DATA_DIR/workflows`, for every connection to ComfyUI; none without the folder. Each is named by its file. */
export async function readWorkflowFolder(dataDir: string): Promise<WorkflowFile[]> {
  const folder = join(dataDir, FOLDER)
  const files = (await readdir(folder).catch(toUndefinedIfMissing)) ?? []
  const selected = files.filter(file => file.endsWith('.json')).toSorted()
  const read = await Promise.all(selected.slice(0, MAX_FILES).map(file => readWorkflowFile(join(folder, file))))
  return read.filter(workflow => workflow !== undefined)
}

async function readWorkflowFile(file: string): Promise<WorkflowFile | undefined> {
  const name = WorkflowName.safeParse(basename(file, '.json').replaceAll(',', ' ')).data
  if (name === undefined) return undefined
  const info = await stat(file).catch(toUndefinedIfMissing)
  if (!info?.isFile()) return undefined
  if (info.size > MAX_BYTES) return { name, problem: `It is longer than ${MAX_BYTES} bytes.` }
  const text = await readFile(file, 'utf8').catch(toUndefinedIfMissing)
  return text === undefined ? undefined : parseWorkflowFile(name, text)
}

function parseWorkflowFile(name: string, text: string): WorkflowFile {
  try {
    return { name, content: JSON.parse(text) }
  } catch {
    return { name, problem: 'It is not JSON.' }
  }
}
