import type { Random } from '../../testing/random.ts'
import { BOUNDARY, createFilePart, toDataUrl } from '../bad-input/case.ts'
import type { ImageFile } from '../bad-input/corpus-images.ts'
import { buildImage } from './built-images/build-image.ts'
import { getDraft, type KnownResources, type RequestDraft } from './draft.ts'

/** Creates an upload of one to three images that were built piece by piece. */
export function createBuiltUploadDraft(random: Random, _: KnownResources, images: readonly ImageFile[]): RequestDraft {
  const built = Array.from({ length: random.pick([1, 1, 3]) }, () => buildImage(random, images))
  return {
    ...getDraft('/api/references'),
    method: 'POST',
    headers: [['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`]],
    content: { form: built.map(({ bytes }) => createFilePart(bytes)) },
    mutations: built.flatMap(({ mutations }) => mutations),
    isMeasured: true,
  }
}

/** Creates a submission with an image that was built piece by piece. */
export function createBuiltSubmissionDraft(
  random: Random,
  _: KnownResources,
  images: readonly ImageFile[],
): RequestDraft {
  const { bytes, type, mutations } = buildImage(random, images)
  const json = { prompt: 'like this', parameters: { resolution: 512 }, referenceImages: [toDataUrl(bytes, type)] }
  return {
    ...getDraft('/api/generate'),
    method: 'POST',
    headers: [['Content-Type', 'application/json']],
    content: { json },
    mutations,
    isMeasured: true,
  }
}
