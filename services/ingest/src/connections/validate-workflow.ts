import { hasEmbeddedFile, isStorable } from '@darkroom/contracts/parameters'
import { ProblemError } from '@darkroom/infra/http/problem'
import type { WorkflowGraph } from '@darkroom/infra/workflows/workflow-graph'

/** Longest text of a workflow: a prompt has some thousand characters, a picture far more. */
const MAX_TEXT_CHARACTERS = 64_000
const MAX_DEPTH = 20
const EMBEDDED_IMAGE =
  'It has a picture in it, which the database never carries. Give it to the workflow as a reference image.'
const UNSTORABLE = 'It has a character that cannot be stored.'
const TOO_DEEP = 'It has lists within lists, too deep to be read.'

/** Checks that a workflow can be stored: no picture in it, and no character that Postgres refuses. @throws ProblemError `invalid` */
export function assertWorkflowStorable(graph: WorkflowGraph): void {
  const problem = findProblem(graph, 0)
  if (problem !== undefined) throw new ProblemError('invalid', problem)
}

function findProblem(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return findTextProblem(value)
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > MAX_DEPTH) return TOO_DEEP
  for (const [key, entry] of Object.entries(value)) {
    const problem = findTextProblem(key) ?? findProblem(entry, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

function findTextProblem(text: string): string | undefined {
  if (!isStorable(text)) return UNSTORABLE
  return text.length > MAX_TEXT_CHARACTERS || hasEmbeddedFile(text) ? EMBEDDED_IMAGE : undefined
}
