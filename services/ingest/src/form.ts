import { LIMITS } from '@darkroom/contracts/vocabulary'
import { ProblemError } from '@darkroom/infra/problem'
import { type ReferenceSource, refuse, sourceOf } from './sources.ts'

/** The files of a form, as sources. @throws ProblemError if there are none, too many, or one is no file */
export async function sourcesOfForm(form: unknown): Promise<ReferenceSource[]> {
  if (!(form instanceof FormData))
    throw new ProblemError('unsupported_type', 'Send the pictures as multipart/form-data.')
  const entries = [...form.entries()]
  if (entries.some(([name]) => name !== 'file')) refuse([{ path: 'form', message: 'has a field other than `file`' }])
  if (entries.length === 0) refuse([{ path: 'file', message: 'is missing' }])
  if (entries.length > LIMITS.references)
    refuse([{ path: 'file', message: `is there more than ${LIMITS.references} times` }])
  const texts = entries.flatMap(([, value], index) =>
    typeof value === 'string' ? [{ path: `file.${index}`, message: 'is text, not a file' }] : [],
  )
  if (texts.length > 0) refuse(texts)
  return await Promise.all(entries.map(async ([, value], index) => sourceOf(`file.${index}`, await bytesOf(value))))
}

async function bytesOf(value: unknown): Promise<Uint8Array> {
  return value instanceof Blob ? new Uint8Array(await value.arrayBuffer()) : new Uint8Array()
}
