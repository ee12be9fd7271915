import type { Random } from '../../testing/random.ts'
import { BOUNDARY, createFilePart, toDataUrl } from '../bad-input/case.ts'
import type { ImageFile } from '../bad-input/corpus-images.ts'
import { getDraft, type KnownResources, type RequestDraft } from './draft.ts'
import { createBuiltSubmissionDraft, createBuiltUploadDraft } from './image-drafts.ts'
import { createFormDialectDraft } from './multipart-drafts.ts'
import { mutateBytes, spliceBytes } from './mutate-bytes.ts'
import { createQueryDraft, createRangeDraft } from './query-drafts.ts'

type DraftFactory = (random: Random, known: KnownResources, images: readonly ImageFile[]) => RequestDraft

const DRAFT_FACTORIES: DraftFactory[] = [
  random => submissionDraft(random, { prompt: 'dunes' }),
  random => submissionDraft(random, { ...FULL_BODY, clientId: createUuid(random) }),
  (random, known) =>
    submissionDraft(random, { prompt: 'again', referenceImages: [known.referenceId], parent: createParent(known) }),
  submissionDraftWithImages,
  submissionDraftWithImages,
  uploadDraft,
  uploadDraft,
  (random, { cursor }) =>
    getDraft(
      `/api/generations?limit=${1 + random.nextInt(5)}&cursor=${cursor}&direction=${random.pick(['older', 'newer'])}`,
    ),
  (_, { generationId }) => getDraft(`/api/generations/${generationId}`),
  (_, { mediaPath }) => getDraft(mediaPath),
  (_, { mediaPath }) => ({ ...getDraft(mediaPath), method: 'HEAD' }),
  () => getDraft('/api/models'),
  createBuiltUploadDraft,
  createBuiltUploadDraft,
  createBuiltUploadDraft,
  createBuiltSubmissionDraft,
  createFormDialectDraft,
  createQueryDraft,
  createQueryDraft,
  createRangeDraft,
]

const FULL_BODY = {
  prompt: 'Nebel über dem Fluss 👩‍🎨 שלום',
  model: 'demo',
  parameters: { aspectRatio: '3:2', numOutputs: 1, seed: 7, settings: { grain: 0.5, mood: 'fog' } },
}

/** Creates a request that is valid except, perhaps, for its images. */
export function createDraft(random: Random, known: KnownResources, images: readonly ImageFile[]): RequestDraft {
  return random.pick(DRAFT_FACTORIES)(random, known, images)
}

function submissionDraft(random: Random, body: { parameters?: object; [key: string]: unknown }): RequestDraft {
  const json = { ...body, parameters: { ...body.parameters, resolution: 512 } }
  const framing = random.oneIn(4) ? 'chunked' : 'length'
  return {
    ...getDraft('/api/generate'),
    method: 'POST',
    headers: [['Content-Type', 'application/json']],
    content: { json },
    framing,
  }
}

function submissionDraftWithImages(random: Random, _: KnownResources, images: readonly ImageFile[]): RequestDraft {
  const chosen = Array.from({ length: 1 + random.nextInt(3) }, () => pickImage(random, images))
  const referenceImages = chosen.map(({ file }) => toDataUrl(file.bytes, file.type))
  return {
    ...submissionDraft(random, { prompt: 'like this', referenceImages }),
    mutations: chosen.flatMap(({ mutations }) => mutations),
  }
}

function uploadDraft(random: Random, _: KnownResources, images: readonly ImageFile[]): RequestDraft {
  const chosen = Array.from({ length: 1 + random.nextInt(3) }, () => pickImage(random, images))
  const form = chosen.map(({ file }) => createFilePart(file.bytes))
  const headers: RequestDraft['headers'] = [['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`]]
  const mutations = chosen.flatMap(image => image.mutations)
  return { ...getDraft('/api/references'), method: 'POST', headers, content: { form }, mutations }
}

function pickImage(random: Random, images: readonly ImageFile[]): { file: ImageFile; mutations: string[] } {
  const [file, other] = [random.pick(images), random.pick(images)]
  if (random.oneIn(2)) return { file, mutations: [] }
  if (random.oneIn(6))
    return {
      file: { ...file, bytes: spliceBytes(file.bytes, other.bytes, random) },
      mutations: ['two images in one'],
    }
  const { bytes, mutations } = mutateBytes(file.bytes, random)
  return { file: { ...file, bytes }, mutations: mutations.map(mutation => `an image: ${mutation}`) }
}

function createParent({ generationId }: KnownResources) {
  return { generationId, outputIndex: 0, verb: 'vary' }
}

function createUuid(random: Random): string {
  const hex = random.bytes(16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}
