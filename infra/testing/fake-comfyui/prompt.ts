import { getChoices, hasClass } from './node-classes.ts'

/** A graph that was submitted. */
export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>

/** A prompt in the queue. */
export interface Prompt {
  number: number
  id: string
  graph: Graph
  clientId: string | null
  /** Time of its receipt, in ms since 1970. */
  receivedAt: number
}

export interface PromptErrors {
  error: { type: string; message: string; details: string; extra_info: object }
  node_errors: Record<string, unknown>
}

/** Images are checked by the file, not by the list. */
const UPLOADED_INPUTS = ['image']

/** Validates a graph as the server does. @see validate_prompt in ComfyUI’s execution.py */
export function findErrors(graph: Graph, hasInput: (name: string) => boolean): PromptErrors | undefined {
  for (const [id, { class_type, inputs }] of Object.entries(graph)) {
    if (!hasClass(class_type))
      return createError(
        'invalid_prompt',
        `Cannot execute because node ${class_type} does not exist.`,
        `Node ID '#${id}'`,
      )
    for (const [name, value] of Object.entries(inputs)) {
      const problem = Array.isArray(value) ? undefined : checkInput(class_type, name, value, hasInput)
      if (problem)
        return withNode(id, class_type, { ...problem, extra_info: { input_name: name, received_value: value } })
    }
  }
  const hasOutput = Object.values(graph).some(({ class_type }) => class_type === 'SaveImage')
  return hasOutput ? undefined : createError('prompt_no_outputs', 'Prompt has no outputs', '')
}

function checkInput(className: string, name: string, value: unknown, hasInput: (name: string) => boolean) {
  if (UPLOADED_INPUTS.includes(name)) {
    const isThere = hasInput(String(value))
    return isThere
      ? undefined
      : {
          type: 'custom_validation_failed',
          message: 'Custom validation failed for node',
          details: `image - Invalid image file: ${value}`,
        }
  }
  const choices = getChoices(className, name)
  if (choices === undefined || choices.includes(value)) return undefined
  return {
    type: 'value_not_in_list',
    message: 'Value not in list',
    details: `${name}: '${value}' not in ${JSON.stringify(choices)}`,
  }
}

function withNode(id: string, className: string, error: object): PromptErrors {
  return {
    ...createError('prompt_outputs_failed_validation', 'Prompt outputs failed validation', ''),
    node_errors: { [id]: { errors: [error], dependent_outputs: [], class_type: className } },
  }
}

function createError(type: string, message: string, details: string): PromptErrors {
  return { error: { type, message, details, extra_info: {} }, node_errors: {} }
}

/** Returns the first value of an input that is no link. */
export function findInput(graph: Graph, name: string): unknown {
  return Object.values(graph)
    .map(({ inputs }) => inputs[name])
    .find(value => value !== undefined && !Array.isArray(value))
}
