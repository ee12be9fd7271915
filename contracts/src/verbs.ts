import type { ModelSpec, Operation } from './model.ts'
import { countInputs } from './model-fields.ts'

/** Ways to go on from an output: the `verb` of a child's parent. Free of schemas. */
export const VERBS = [
  'again',
  'vary',
  'reference',
  'edit',
  'change-part',
  'upscale',
  'remove-background',
  'animate',
] as const
export type Verb = (typeof VERBS)[number]

/** The operation of a model that each verb asks for. A verb is offered where a connected model has its operation. */
export const VERB_OPERATIONS: Record<Verb, Operation> = {
  again: 'generate',
  vary: 'vary',
  reference: 'generate',
  edit: 'edit',
  'change-part': 'inpaint',
  upscale: 'upscale',
  'remove-background': 'remove-background',
  animate: 'animate',
}

/** Returns whether a model can do what a verb asks for. Any model can make the same again. */
export function supportsVerb(model: Pick<ModelSpec, 'operations' | 'inputs'>, verb: Verb): boolean {
  if (verb === 'again' || verb === 'reference') return true
  if (model.operations.includes(VERB_OPERATIONS[verb])) return true
  return verb === 'vary' && (model.operations.includes('edit') || countInputs(model, 'reference') > 0)
}

/** Returns whether a parent's verb is one of those known here. Imports and later versions may have others. */
export function isVerb(verb: string): verb is Verb {
  return (VERBS as readonly string[]).includes(verb)
}
