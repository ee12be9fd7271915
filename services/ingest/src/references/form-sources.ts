import { LIMITS } from '@darkroom/contracts/limits'
import { Form } from '@darkroom/infra/http/form-body'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type ReferenceSource, refuse, sourceOf } from './reference-source.ts'

/** The files of a form, as sources. @throws ProblemError if there are none, too many, or one is no file */
export function sourcesOfForm(form: unknown): ReferenceSource[] {
  if (!(form instanceof Form)) throw new ProblemError('unsupported_type', 'Send the pictures as multipart/form-data.')
  const { fields } = form
  if (fields.some(({ name }) => name !== 'file')) refuse([{ path: 'form', message: 'has a field other than `file`' }])
  if (fields.length === 0) refuse([{ path: 'file', message: 'is missing' }])
  if (fields.length > LIMITS.references)
    refuse([{ path: 'file', message: `is there more than ${LIMITS.references} times` }])
  const texts = fields.flatMap(({ kind }, index) =>
    kind === 'text' ? [{ path: `file.${index}`, message: 'is text, not a file' }] : [],
  )
  if (texts.length > 0) refuse(texts)
  return fields.map(({ bytes }, index) => sourceOf(`file.${index}`, bytes))
}
