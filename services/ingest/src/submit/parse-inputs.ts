import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole } from '@darkroom/contracts/model'
import { parseSources, type SubmittedReference } from '../references/reference-source.ts'

/** The input images of a submission, in order, each with its role. */
export interface SubmittedInputs {
  references: SubmittedReference[]
  /** The roles of `references`, by position. */
  roles: InputRole[]
}

/**
 * Parses the input images of a submission. The same image in the same role counts once; in another role it is another input.
 *
 * @throws ProblemError `invalid`, as `parseSources` does
 */
export function parseInputs(submission: Submission): SubmittedInputs {
  const inputs = parseSources(submission).map((reference, position) => ({
    reference,
    role: submission.referenceRoles?.[position] ?? 'reference',
  }))
  const unique = uniqueInputs(inputs, ({ reference }) => getIdentity(reference))
  return { references: unique.map(({ reference }) => reference), roles: unique.map(({ role }) => role) }
}

/** Returns the inputs without those of the same image and role as an earlier one. */
export function uniqueInputs<T extends { role: InputRole }>(inputs: readonly T[], identify: (input: T) => string): T[] {
  const unique = new Map<string, T>()
  for (const input of inputs) {
    const key = `${input.role} ${identify(input)}`
    if (!unique.has(key)) unique.set(key, input)
  }
  return [...unique.values()]
}

function getIdentity(reference: SubmittedReference): string {
  if (reference.kind === 'bytes') return reference.sha256
  return reference.kind === 'id' ? reference.id : reference.url
}
