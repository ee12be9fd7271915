import { LIMITS } from '@darkroom/contracts/limits'
import { Form } from '@darkroom/infra/http/body/form-body'
import { ProblemError } from '@darkroom/infra/http/problem'
import { throwValidationError } from '../validation-error.ts'
import { createSource, type ReferenceSource } from './reference-source.ts'

/**
 * Returns the files of a form as sources.
 *
 * @throws ProblemError `unsupported_type` if it is no form; `invalid` if it has no file, too many, or other fields
 */
export function parseFormSources(form: unknown): ReferenceSource[] {
  if (!(form instanceof Form)) throw new ProblemError('unsupported_type', 'Send the pictures as multipart/form-data.')
  const { fields } = form
  if (fields.some(({ name }) => name !== 'file'))
    throwValidationError([{ path: 'form', message: 'has a field other than `file`' }])
  if (fields.length === 0) throwValidationError([{ path: 'file', message: 'is missing' }])
  if (fields.length > LIMITS.references)
    throwValidationError([{ path: 'file', message: `is there more than ${LIMITS.references} times` }])
  const textErrors = fields.flatMap(({ kind }, index) =>
    kind === 'text' ? [{ path: `file.${index}`, message: 'is text, not a file' }] : [],
  )
  if (textErrors.length > 0) throwValidationError(textErrors)
  return fields.map(({ bytes }, index) => createSource(`file.${index}`, bytes))
}
