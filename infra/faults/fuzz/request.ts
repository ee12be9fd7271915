import { createRandom, type Random } from '../../testing/random.ts'
import { createTextPart, createUploadRequest, type FormPart } from '../bad-input/case.ts'
import type { ImageFile } from '../bad-input/corpus-images.ts'
import { createDraft } from './create-draft.ts'
import type { KnownResources, RequestDraft } from './draft.ts'
import type { WireRequest } from './http.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateHead } from './mutate-head.ts'
import { mutateJson } from './mutate-json.ts'

/** A mutated request, and its mutations. */
export interface FuzzRequest extends Pick<RequestDraft, 'mutations' | 'isWellFormed' | 'isMeasured'> {
  request: WireRequest
}

const FILE_NAMES = ['../../etc/passwd', 'a\0b', 'n'.repeat(5_000), '"', '\xff', '', 'a.svg', '__proto__']

/** Creates request `number` of a seed. It depends on these and the studio's resources alone, and can be sent again by itself. */
export function createFuzzRequest(
  { seed, number }: { seed: string; number: number },
  known: KnownResources,
  images: readonly ImageFile[],
): FuzzRequest {
  const random = createRandom(`${seed}:${number}`)
  const draft = createDraft(random, known, images)
  // One in eight stays intact: valid requests must succeed among the others. What is measured is mostly mutated already.
  const isIntact = draft.isMeasured ? !random.oneIn(6) : random.oneIn(8)
  if (!isIntact && (!draft.content || random.oneIn(3))) mutateHead(draft, random)
  const body = createBody(draft, random, isIntact || random.oneIn(4))
  const { method, target, headers, framing, mutations, isWellFormed, isMeasured } = draft
  return { request: { method, target, headers, framing, body }, mutations, isWellFormed, isMeasured }
}

function createBody(draft: RequestDraft, random: Random, isIntact: boolean): Uint8Array {
  const { content } = draft
  if (!content) return new Uint8Array()
  if ('bytes' in content) return isIntact ? content.bytes : mutateBody(draft, content.bytes, random)
  if ('json' in content) return createJsonBody(draft, content.json, random, isIntact)
  if (isIntact) return createUploadRequest(content.form).body
  const { body } = createUploadRequest(mutateForm(draft, content.form, random))
  return random.oneIn(2) ? body : mutateBody(draft, body, random)
}

function createJsonBody(draft: RequestDraft, json: unknown, random: Random, isIntact: boolean): Buffer {
  if (isIntact) return Buffer.from(JSON.stringify(json))
  if (random.oneIn(4)) return mutateBody(draft, Buffer.from(JSON.stringify(json)), random)
  const { text, mutations } = mutateJson(json, random)
  draft.mutations.push(...mutations)
  return Buffer.from(text)
}

function mutateBody(draft: RequestDraft, body: Uint8Array, random: Random): Buffer {
  const { bytes, mutations } = mutateBytes(Buffer.from(body), random)
  draft.mutations.push(...mutations.map(mutation => `the body: ${mutation}`))
  return bytes
}

const FORM_MUTATIONS: Record<string, (parts: FormPart[], random: Random) => FormPart[]> = {
  'another file name': (parts, random) =>
    replaceInHeaders(parts, /filename="[^"]*"/, `filename="${random.pick(FILE_NAMES)}"`),
  'no file name': parts => replaceInHeaders(parts, /; filename="[^"]*"/, ''),
  'another name': (parts, random) =>
    replaceInHeaders(parts, / name="[^"]*"/, ` name="${random.pick(['', 'x', '__proto__', 'file"'])}"`),
  'another type of a part': (parts, random) =>
    replaceInHeaders(parts, /image\/png/, random.pick(['text/html', '', 'image/svg+xml'])),
  'a head of a part': parts => [...parts, { headers: 'X: y', body: '' }],
  'no head of a part': parts => [...parts, { headers: '', body: 'x' }],
  'a text': parts => [...parts, createTextPart('x', 'note')],
  'an empty file': parts => parts.map(part => ({ ...part, body: '' })),
  'many times': (parts, random) =>
    Array.from({ length: 1 + random.nextInt(200) }, () => parts[0] ?? createTextPart('')),
  'no parts': () => [],
}

function mutateForm(draft: RequestDraft, parts: FormPart[], random: Random): FormPart[] {
  const name = random.pick(Object.keys(FORM_MUTATIONS))
  draft.mutations.push(`the form: ${name}`)
  return FORM_MUTATIONS[name]?.(parts, random) ?? parts
}

function replaceInHeaders(parts: FormPart[], pattern: RegExp, by: string): FormPart[] {
  return parts.map(({ headers, body }) => ({ headers: headers.replace(pattern, () => by), body }))
}
