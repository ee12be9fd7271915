import { ProblemError } from '@darkroom/infra/http/problem'

/** The path of an invalid field of a request, and a message that can follow it in a sentence. */
export type FieldError = NonNullable<ProblemError['errors']>[number]

/** Refuses a request with the errors of its fields. @throws ProblemError `invalid`, always */
export function throwValidationError(errors: FieldError[]): never {
  const [first] = errors
  throw new ProblemError('invalid', `${first?.path} ${first?.message}.`, { errors })
}
