import type { Reference } from '@darkroom/contracts/reference'
import { OutOfReach, Refusal } from '../api.ts'
import { objection, uploadReference } from './upload.ts'

/** A picture that the studio shows already: one of its outputs, or a reference of an old row. */
export interface ShownPicture {
  url: string
  previewUrl: string
}

/** What a reference is made of. */
export type Source = File | ShownPicture

/** A reference on its way to the studio. */
export interface Upload {
  source: Source
  abort: AbortController
  done: Promise<Reference>
}

const FETCH_DEADLINE_MS = 60_000

/** Begins to send a reference. @param onProgress told how much has been sent, from 0 to 1 */
export function beginUpload(source: Source, onProgress: (share: number) => void): Upload {
  const abort = new AbortController()
  return { source, abort, done: send(source, abort.signal, onProgress) }
}

/**
 * The reference once the studio keeps it. A picture that did not get through is sent again with every new try; one that the
 * studio refused is not.
 *
 * @throws Refusal, OutOfReach
 */
export async function arrival({ source, abort, done }: Upload): Promise<Reference> {
  try {
    return await done
  } catch (error) {
    if (!(error instanceof OutOfReach)) throw error
    return await send(source, abort.signal, () => undefined)
  }
}

export function nameOf(source: Source): string {
  return source instanceof File ? source.name : lastPart(source.url)
}

/** The address of a small picture of it; `forgetPreview` when it is shown no more. */
export function previewOf(source: Source): string {
  return source instanceof File ? URL.createObjectURL(source) : source.previewUrl
}

export function forgetPreview(preview: string) {
  if (preview.startsWith('blob:')) URL.revokeObjectURL(preview)
}

async function send(source: Source, signal: AbortSignal, onProgress: (share: number) => void): Promise<Reference> {
  const file = source instanceof File ? source : await readPicture(source.url)
  const why = objection(file)
  if (why !== undefined) throw new Refusal(why)
  return await uploadReference(file, { signal, onProgress })
}

async function readPicture(url: string): Promise<File> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_DEADLINE_MS) }).catch(cause => {
    throw new OutOfReach('The picture cannot be read right now.', { cause })
  })
  if (!answer.ok) throw new Refusal('This picture can no longer be read.')
  const bytes = await answer.blob()
  return new File([bytes], lastPart(url), { type: bytes.type })
}

function lastPart(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
