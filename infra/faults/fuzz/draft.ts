import type { Random } from '../../testing/random.ts'
import { BOUNDARY, dataUrl, type FormPart, filePart } from '../bad-input/case.ts'
import type { PictureFile } from '../bad-input/corpus-images.ts'
import { mutateBytes, splice } from './mutate-bytes.ts'

/** What a studio has that requests can be about. */
export interface Facts {
  generationId: string
  referenceId: string
  mediaPath: string
  cursor: string
}

/** A request before it is bytes, so that each part of it can be damaged in its own way. */
export interface Draft {
  method: string
  target: string
  headers: [string, string][]
  content: { json: unknown } | { form: FormPart[] } | null
  framing: 'length' | 'chunked' | 'untold'
  /** What was damaged, in words. As long as nothing was, the request has to succeed. */
  done: string[]
  /** Whether it is HTTP by the letter, so that there has to be an answer. */
  sound: boolean
}

type Make = (random: Random, facts: Facts, pictures: readonly PictureFile[]) => Draft

const MAKES: Make[] = [
  random => submission(random, { prompt: 'dunes' }),
  random => submission(random, { ...EVERYTHING, clientId: uuid(random) }),
  (random, facts) =>
    submission(random, { prompt: 'again', referenceImages: [facts.referenceId], parent: parentOf(facts) }),
  withPictures,
  withPictures,
  upload,
  upload,
  (random, { cursor }) =>
    get(`/api/generations?limit=${1 + random.below(5)}&cursor=${cursor}&direction=${random.pick(['older', 'newer'])}`),
  (_, { generationId }) => get(`/api/generations/${generationId}`),
  (_, { mediaPath }) => get(mediaPath),
  (_, { mediaPath }) => ({ ...get(mediaPath), method: 'HEAD' }),
  () => get('/api/models'),
]

const EVERYTHING = {
  prompt: 'Nebel über dem Fluss 👩‍🎨 שלום',
  model: 'demo',
  parameters: { aspectRatio: '3:2', numOutputs: 1, seed: 7, settings: { grain: 0.5, mood: 'fog' } },
}

/** A request that succeeds, or would but for its pictures. */
export function draftOf(random: Random, facts: Facts, pictures: readonly PictureFile[]): Draft {
  return random.pick(MAKES)(random, facts, pictures)
}

function get(target: string): Draft {
  return { method: 'GET', target, headers: [], content: null, framing: 'length', done: [], sound: true }
}

function submission(random: Random, body: { parameters?: object; [key: string]: unknown }): Draft {
  const json = { ...body, parameters: { ...body.parameters, resolution: 512 } }
  const framing = random.once(4) ? 'chunked' : 'length'
  return {
    ...get('/api/generate'),
    method: 'POST',
    headers: [['Content-Type', 'application/json']],
    content: { json },
    framing,
  }
}

function withPictures(random: Random, _: Facts, pictures: readonly PictureFile[]): Draft {
  const chosen = Array.from({ length: 1 + random.below(3) }, () => pictureOf(random, pictures))
  const referenceImages = chosen.map(({ file }) => dataUrl(file.bytes, file.type))
  return { ...submission(random, { prompt: 'like this', referenceImages }), done: chosen.flatMap(({ done }) => done) }
}

function upload(random: Random, _: Facts, pictures: readonly PictureFile[]): Draft {
  const chosen = Array.from({ length: 1 + random.below(3) }, () => pictureOf(random, pictures))
  const form = chosen.map(({ file }) => filePart(file.bytes))
  const headers: Draft['headers'] = [['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`]]
  const done = chosen.flatMap(picture => picture.done)
  return { ...get('/api/references'), method: 'POST', headers, content: { form }, done }
}

function pictureOf(random: Random, pictures: readonly PictureFile[]): { file: PictureFile; done: string[] } {
  const [file, other] = [random.pick(pictures), random.pick(pictures)]
  if (random.once(2)) return { file, done: [] }
  if (random.once(6))
    return { file: { ...file, bytes: splice(file.bytes, other.bytes, random) }, done: ['two pictures in one'] }
  const { bytes, done } = mutateBytes(file.bytes, random)
  return { file: { ...file, bytes }, done: done.map(words => `a picture: ${words}`) }
}

function parentOf({ generationId }: Facts) {
  return { generationId, outputIndex: 0, verb: 'vary' }
}

function uuid(random: Random): string {
  const hex = random.bytes(16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}
