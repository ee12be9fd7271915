import type { Setting } from '@darkroom/contracts/model'
import { isValidSetting } from '@darkroom/contracts/model-fields'
import type { InputField } from './input-schema.ts'

const MAX_SETTINGS = 40
const MAX_TEXT = 1_000
/** Formats that the studio stores. */
const FORMATS = ['png', 'jpg', 'jpeg', 'webp', 'mp4', 'webm']

/** Returns the settings of a model: each input that is a choice, a number, a text or a switch, and has no other meaning. */
export function toSettings(fields: readonly InputField[]): Record<string, Setting> {
  const settings = fields.flatMap((field, order): [string, Setting][] => {
    const setting = toSetting(field)
    return setting ? [[field.name, { ...setting, 'x-order': order }]] : []
  })
  return Object.fromEntries(settings.slice(0, MAX_SETTINGS))
}

/** Returns the setting of an input; undefined where it cannot be one. One that is required has a value from the beginning. */
function toSetting(field: InputField): Setting | undefined {
  const { name, type, isSecret } = field
  if (isSecret || type === 'file' || type === 'files' || type === 'other') return undefined
  const options = listOptions(field)
  if (options.length === 0 && field.options.length > 0) return undefined
  const setting: Setting = {
    type,
    title: field.title.slice(0, 100),
    ...(field.description !== '' && { description: shorten(field.description, 300) }),
    ...(options.length > 0 ? { enum: options } : toLimits(field)),
  }
  const initial = [field.default, ...(field.isRequired || name === 'output_format' ? options : [])].find(
    value => value !== undefined && value !== '' && isValidSetting(setting, value),
  )
  if (field.isRequired && initial === undefined) return undefined
  return initial === undefined ? setting : { ...setting, default: initial }
}

function listOptions({ name, type, options }: InputField): (string | number)[] {
  const isOfType = (option: string | number) => (typeof option === 'number') === (type !== 'string')
  return options.filter(option => isOfType(option) && (name !== 'output_format' || FORMATS.includes(String(option))))
}

function toLimits({ type, minimum, maximum, multipleOf, maxLength }: InputField): Partial<Setting> {
  if (type === 'string') return { maxLength: Math.min(MAX_TEXT, Math.max(1, maxLength ?? MAX_TEXT)) }
  if (type === 'boolean') return {}
  const isRange = minimum === undefined || maximum === undefined || minimum <= maximum
  return {
    ...(isRange && minimum !== undefined && { minimum }),
    ...(isRange && maximum !== undefined && { maximum }),
    ...(multipleOf !== undefined && multipleOf > 0 && { multipleOf }),
  }
}

function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1).trimEnd()}…`
}
