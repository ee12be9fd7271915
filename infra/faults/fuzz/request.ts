import { type Random, randomOf } from '../../testing/random.ts'
import { type FormPart, textPart, upload } from '../bad-input/case.ts'
import type { PictureFile } from '../bad-input/corpus-images.ts'
import { type Draft, draftOf, type Facts } from './draft.ts'
import type { WireRequest } from './http.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateHead } from './mutate-head.ts'
import { mutateJson } from './mutate-json.ts'

/** A request that was made up, and what is known of it. */
export interface FuzzRequest extends Pick<Draft, 'done' | 'sound'> {
  request: WireRequest
}

const FILE_NAMES = ['../../etc/passwd', 'a\0b', 'n'.repeat(5_000), '"', '\xff', '', 'a.svg', '__proto__']

/**
 * Request `number` of a seed. It depends on nothing but these and on what the studio has: any one can be sent again alone.
 */
export function fuzzRequest(
  { seed, number }: { seed: string; number: number },
  facts: Facts,
  pictures: readonly PictureFile[],
): FuzzRequest {
  const random = randomOf(`${seed}:${number}`)
  const draft = draftOf(random, facts, pictures)
  // One in eight stays whole: what is good has to go through in the middle of all this.
  const untouched = random.once(8)
  if (!untouched && (!draft.content || random.once(3))) mutateHead(draft, random)
  const body = bodyOf(draft, random, untouched || random.once(4))
  const { method, target, headers, framing, done, sound } = draft
  return { request: { method, target, headers, framing, body }, done, sound }
}

function bodyOf(draft: Draft, random: Random, whole: boolean): Uint8Array {
  const { content } = draft
  if (!content) return new Uint8Array()
  if ('json' in content) return jsonOf(draft, content.json, random, whole)
  if (whole) return upload(content.form).body
  const { body } = upload(mutateForm(draft, content.form, random))
  return random.once(2) ? body : damaged(draft, body, random)
}

function jsonOf(draft: Draft, json: unknown, random: Random, whole: boolean): Buffer {
  if (whole) return Buffer.from(JSON.stringify(json))
  if (random.once(4)) return damaged(draft, Buffer.from(JSON.stringify(json)), random)
  const { text, done } = mutateJson(json, random)
  draft.done.push(...done)
  return Buffer.from(text)
}

function damaged(draft: Draft, body: Uint8Array, random: Random): Buffer {
  const { bytes, done } = mutateBytes(Buffer.from(body), random)
  draft.done.push(...done.map(words => `the body: ${words}`))
  return bytes
}

const FORMS: Record<string, (parts: FormPart[], random: Random) => FormPart[]> = {
  'another file name': (parts, random) => renamed(parts, /filename="[^"]*"/, `filename="${random.pick(FILE_NAMES)}"`),
  'no file name': parts => renamed(parts, /; filename="[^"]*"/, ''),
  'another name': (parts, random) =>
    renamed(parts, / name="[^"]*"/, ` name="${random.pick(['', 'x', '__proto__', 'file"'])}"`),
  'another type of a part': (parts, random) =>
    renamed(parts, /image\/png/, random.pick(['text/html', '', 'image/svg+xml'])),
  'a head of a part': parts => [...parts, { headers: 'X: y', body: '' }],
  'no head of a part': parts => [...parts, { headers: '', body: 'x' }],
  'a text': parts => [...parts, textPart('x', 'note')],
  'an empty file': parts => parts.map(part => ({ ...part, body: '' })),
  'many times': (parts, random) => Array.from({ length: 1 + random.below(200) }, () => parts[0] ?? textPart('')),
  'no parts': () => [],
}

function mutateForm(draft: Draft, parts: FormPart[], random: Random): FormPart[] {
  const name = random.pick(Object.keys(FORMS))
  draft.done.push(`the form: ${name}`)
  return FORMS[name]?.(parts, random) ?? parts
}

function renamed(parts: FormPart[], pattern: RegExp, by: string): FormPart[] {
  return parts.map(({ headers, body }) => ({ headers: headers.replace(pattern, () => by), body }))
}
