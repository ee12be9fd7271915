import { z } from 'zod'
import { isStorable } from '../parameters.ts'

const instant = z.string().describe('RFC 3339')

/** Name of a workflow: the second part of the id of its model. */
export const WorkflowName = z
  .string()
  .trim()
  .refine(isStorable, 'has a character that cannot be stored')
  .regex(/^[^\p{C},/\\]{1,80}$/u, 'has a comma, a slash or a control character, or is longer than 80 characters')

/** A workflow that was uploaded for a ComfyUI connection. */
export const Workflow = z.strictObject({
  name: WorkflowName,
  slots: z.array(z.string()).describe('what of it a submission fills: prompt, negative, seed, size, outputs, …'),
  checkedAt: instant.nullable().describe('null until the server was asked whether it can run it'),
  problem: z.string().nullable().describe('why the server cannot run it: missing nodes and models by their names'),
})
export type Workflow = z.infer<typeof Workflow>

/** Response of `GET /api/connections/:id/workflows`. */
export const Workflows = z.strictObject({ workflows: z.array(Workflow) })
export type Workflows = z.infer<typeof Workflows>

/** Body of `POST /api/connections/:id/workflows`. A workflow of the same name is replaced. */
export const NewWorkflow = z.strictObject({
  name: WorkflowName,
  graph: z.unknown().describe('in the format that ComfyUI exports for its API'),
})
export type NewWorkflow = z.infer<typeof NewWorkflow>
