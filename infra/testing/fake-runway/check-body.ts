import { z } from 'zod'
import type { FieldRule, RunwayEndpointModel } from './models.ts'

/** A field that is refused, and why. */
export interface Issue {
  path: string
  message: string
}

/** "The length of the encoded data URI must be under 5MB" [D docs.dev.runwayml.com/assets/inputs]. */
const MAX_URI_CHARACTERS = 5 * 1_024 * 1_024
const DATA_URI = /^data:image\/(?:png|jpe?g|webp);base64,[A-Za-z0-9+/]+=*$/
/** "3-16 characters, start with a letter, and use only letters, digits, and underscores" [S]. */
const TAG = /^[A-Za-z]\w{2,15}$/

const Reference = z.strictObject({ uri: z.string(), tag: z.string().optional() })
const Frame = z.strictObject({ uri: z.string(), position: z.string() })
const Moderation = z.strictObject({ publicFigureThreshold: z.enum(['auto', 'low']) })

/** Checks the fields of a submission as Runway does, which refuses those that it does not know [S CHANGELOG 4.19.1]. */
export function checkBody({ fields, required }: RunwayEndpointModel, body: Readonly<Record<string, unknown>>): Issue[] {
  const names = Object.keys(body).filter(name => name !== 'model')
  return [
    ...required.filter(name => body[name] === undefined).map(path => ({ path, message: `${path} is required` })),
    ...names.flatMap(path => {
      const rule = Object.hasOwn(fields, path) ? fields[path] : undefined
      if (!rule) return [{ path, message: `Unrecognized key: ${path}` }]
      const message = checkField(rule, body[path])
      return message === undefined ? [] : [{ path, message }]
    }),
  ]
}

/** @returns why a value is refused; undefined if it is not */
function checkField(rule: FieldRule, value: unknown): string | undefined {
  const isValid = CHECKS[rule.kind](rule as never, value)
  return isValid ? undefined : `Invalid value for a field of type ${rule.kind}.`
}

type Checks = { [K in FieldRule['kind']]: (rule: Extract<FieldRule, { kind: K }>, value: unknown) => boolean }

const CHECKS: Checks = {
  choice: ({ values }, value) => typeof value === 'string' && values.includes(value),
  integer: ({ minimum, maximum, values }, value) =>
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= minimum &&
    value <= maximum &&
    (values?.includes(value) ?? true),
  text: ({ maximum }, value) => typeof value === 'string' && value.length > 0 && value.length <= maximum,
  boolean: (_, value) => typeof value === 'boolean',
  moderation: (_, value) => Moderation.safeParse(value).success,
  image: (_, value) => isImage(value),
  references: ({ minimum, maximum }, value) => {
    const { data } = z.array(Reference).min(minimum).max(maximum).safeParse(value)
    return data?.every(({ uri, tag }) => isImage(uri) && (tag === undefined || TAG.test(tag))) ?? false
  },
  frames: ({ positions }, value) => {
    if (typeof value === 'string') return isImage(value)
    const { data } = z.array(Frame).min(1).max(positions.length).safeParse(value)
    const taken = data?.map(({ position }) => position) ?? []
    const areKnown = taken.every(position => positions.includes(position)) && new Set(taken).size === taken.length
    return areKnown && taken.includes('first') && data?.every(({ uri }) => isImage(uri)) === true
  },
}

function isImage(value: unknown): boolean {
  return typeof value === 'string' && value.length < MAX_URI_CHARACTERS && DATA_URI.test(value)
}
