import type { Setting } from '@darkroom/contracts/model'
import type { InputField, InputSchema } from './input-schema.ts'

/** Fields that are built from a request, or must not be chosen: they change where an output is, or how many there are. */
const NO_SETTINGS =
  /^(?:prompt|negative_prompt|image_size|aspect_ratio|resolution|duration|seed|num_images|max_images|limit_generations|sync_mode|return_byteplus_urls|end_user_id)$|_urls?$/
const SETTING_NAME = /^[a-z][a-z0-9_]{0,59}$/
const PLAIN_VALUE = /^[\w.:+-]{1,60}$/
const MAX_SETTINGS = 20
const MAX_TITLE_CHARACTERS = 100
const MAX_DESCRIPTION_CHARACTERS = 300

/** Creates the settings of a model from the inputs of its endpoints: what all of them take alike. */
export function createSchemaSettings([first, ...others]: readonly InputSchema[]): Record<string, Setting> {
  const settings = [...(first?.fields ?? [])].flatMap(([name, field]): [string, Setting][] => {
    if (NO_SETTINGS.test(name) || !SETTING_NAME.test(name)) return []
    if (!others.every(({ fields }) => takesAlike(fields.get(name), field))) return []
    const setting = toSetting(name, field)
    return setting ? [[name, setting]] : []
  })
  return Object.fromEntries(
    settings.slice(0, MAX_SETTINGS).map(([name, setting], order) => [name, { ...setting, 'x-order': order }]),
  )
}

function takesAlike(other: InputField | undefined, field: InputField): boolean {
  if (!other || other.type !== field.type) return false
  return (field.values ?? []).every(value => other.values?.includes(value))
}

/** Returns the setting of a field; undefined for one that cannot be chosen: a text, a list, an object, or a number without limits. */
function toSetting(name: string, field: InputField): Setting | undefined {
  const { type, values, minimum, maximum } = field
  if (type === 'other') return undefined
  const described = { title: toTitle(name, field), ...describe(field) }
  if (type === 'boolean') return withDefault({ type, ...described }, field)
  if (type === 'string') {
    const plain = values?.filter(value => typeof value === 'string' && PLAIN_VALUE.test(value)) ?? []
    return plain.length === 0 ? undefined : withDefault({ type, ...described, enum: plain }, field)
  }
  const numbers = values?.filter(value => typeof value === 'number')
  if (numbers) return numbers.length === 0 ? undefined : withDefault({ type, ...described, enum: numbers }, field)
  if (minimum === undefined || maximum === undefined || minimum > maximum) return undefined
  return withDefault({ type, ...described, minimum, maximum }, field)
}

/** Adds the default of a field, where the setting may have it. */
function withDefault(setting: Setting, { default: chosen }: InputField): Setting {
  if (chosen === undefined || !isPossible(setting, chosen)) return setting
  return { ...setting, default: chosen }
}

function isPossible({ type, enum: values, minimum, maximum }: Setting, chosen: string | number | boolean): boolean {
  if (values) return values.some(value => value === chosen)
  if (type === 'boolean') return typeof chosen === 'boolean'
  if (typeof chosen !== 'number' || (type === 'integer' && !Number.isInteger(chosen))) return false
  return chosen >= (minimum ?? chosen) && chosen <= (maximum ?? chosen)
}

function toTitle(name: string, { title }: InputField): string {
  const words = name.split('_').map(word => word.charAt(0).toUpperCase() + word.slice(1))
  return toLine(title ?? '').slice(0, MAX_TITLE_CHARACTERS) || words.join(' ')
}

function describe({ description }: InputField): { description?: string } {
  const line = toLine(description ?? '')
  if (line === '') return {}
  return {
    description:
      line.length <= MAX_DESCRIPTION_CHARACTERS ? line : `${line.slice(0, MAX_DESCRIPTION_CHARACTERS - 1).trimEnd()}…`,
  }
}

function toLine(text: string): string {
  return text
    .slice(0, 2_000)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .toWellFormed()
}
