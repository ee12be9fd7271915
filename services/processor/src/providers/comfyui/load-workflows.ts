import { type ReadWorkflow, readWorkflow } from '@darkroom/infra/workflows/read-workflow'
import type { WorkflowSlots } from '@darkroom/infra/workflows/workflow-slots'
import type { HttpClient } from '../http/http-client.ts'
import { BUILT_IN_CLASSES, createBuiltInWorkflow, hasCheckpoint } from './built-in-workflow.ts'
import { describeGaps, findGaps } from './check-workflow.ts'
import { type NodeClass, readNodeClasses } from './object-info.ts'

/** A workflow as it was uploaded, or lies in a folder: its content may be anything. `problem`: it could not be read. */
export type WorkflowFile = { name: string; content: unknown } | RefusedWorkflow

/** The workflows of a connection. */
export interface WorkflowSource {
  load(signal: AbortSignal): Promise<WorkflowFile[]>
  /** Records which of them the server cannot run; it can run the others. */
  record(refused: readonly RefusedWorkflow[]): Promise<void>
}

/** A workflow that a server can run. */
export interface UsableWorkflow extends ReadWorkflow {
  name: string
}

/** A workflow that a server cannot run, and why, as a sentence for users. */
export interface RefusedWorkflow {
  name: string
  problem: string
}

/** Workflows, checked against a server. */
export interface CheckedWorkflows {
  usable: UsableWorkflow[]
  refused: RefusedWorkflow[]
  /** Node classes of the server, by name. */
  classes: ReadonlyMap<string, NodeClass>
}

/** Finds a workflow by its name, without asking the server. */
export function findWorkflow(files: readonly WorkflowFile[], name: string): UsableWorkflow | undefined {
  const file = files.find(file => file.name === name)
  const workflow = file ? readFile(file) : createBuiltInWorkflow()
  return workflow.name === name && 'graph' in workflow ? workflow : undefined
}

/**
 * Checks workflow files against a server: which of them it can run, and what it lacks for the others. A server with a checkpoint can run
 * the built-in workflow as well.
 *
 * @throws ProviderError
 */
export async function checkWorkflows(
  client: HttpClient,
  files: readonly WorkflowFile[],
  signal: AbortSignal,
): Promise<CheckedWorkflows> {
  const read = files.map(readFile)
  const readable = read.filter(workflow => 'graph' in workflow)
  const names = readable.flatMap(({ graph }) => Object.values(graph).map(({ class_type }) => class_type))
  const classes = await readNodeClasses(client, [...names, ...BUILT_IN_CLASSES], signal)
  const checked = readable.map(workflow => {
    const problem = describeGaps(findGaps(workflow.graph, classes, listFilled(workflow.slots)))
    return problem === undefined ? workflow : { name: workflow.name, problem }
  })
  const builtIn = createBuiltInWorkflow()
  const hasBuiltIn = hasCheckpoint(classes) && !files.some(({ name }) => name === builtIn.name)
  return {
    usable: [...checked.filter(workflow => 'graph' in workflow), ...(hasBuiltIn ? [builtIn] : [])],
    refused: [...read, ...checked].filter(workflow => 'problem' in workflow),
    classes,
  }
}

function readFile(file: WorkflowFile): UsableWorkflow | RefusedWorkflow {
  if ('problem' in file) return file
  const { name, content } = file
  const workflow = readWorkflow(content)
  return typeof workflow === 'string' ? { name, problem: workflow } : { name, ...workflow }
}

/** Returns the inputs that a request fills, as `node input`. */
function listFilled(slots: WorkflowSlots): Set<string> {
  const { settings: _, ...filled } = slots
  return new Set(
    Object.values(filled)
      .flat()
      .map(({ node, input }) => `${node} ${input}`),
  )
}
