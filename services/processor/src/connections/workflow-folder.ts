import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { WorkflowName } from '@darkroom/contracts/connections/workflow'
import { isStorable } from '@darkroom/contracts/parameters'
import { toUndefinedIfMissing } from '@darkroom/infra/runtime/error-code'
import type { WorkflowFile } from '../providers/comfyui/load-workflows.ts'

const FOLDER = 'workflows'
const MAX_FILES = 100
const MAX_BYTES = 2_000_000
/** Its models, and what is wrong with it, are stored. */
const UNSTORABLE = 'It has a character that cannot be stored.'

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
    let problem: string | undefined
    const content = JSON.parse(text, (key, value) => {
      if (!isStorable(key) || (typeof value === 'string' && !isStorable(value))) problem = UNSTORABLE
      return value
    })
    return problem === undefined ? { name, content } : { name, problem }
  } catch {
    return { name, problem: 'It is not JSON.' }
  }
}
