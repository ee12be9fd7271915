import type { InputRole, Model, ModelSpec, Setting } from './model.ts'
import type { Scalar } from './parameters.ts'
import { estimateMicros, fromMicros, getCurrency } from './price.ts'
import { listAspectRatios, listResolutions, resolveSize } from './size.ts'

/** Returns the model of a spec, with the fields that pages of the version before read. */
export function toModel(spec: ModelSpec): Model {
  const aspectRatios = listAspectRatios(spec.sizes)
  const resolutions = listResolutions(spec.sizes, aspectRatios[0] ?? '1:1')
  return {
    ...spec,
    learnedSeconds: {},
    provider: spec.connection,
    aspectRatios,
    resolutions,
    maxReferences: countInputs(spec, 'reference'),
    cost: toLegacyCost(spec, aspectRatios[0] ?? '1:1', resolutions[0] ?? 'auto'),
  }
}

/** Returns the number of images of a role that a model takes. */
export function countInputs({ inputs }: Pick<ModelSpec, 'inputs'>, role: InputRole): number {
  return inputs.find(input => input.role === role)?.max ?? 0
}

/**
 * Returns the role in which a model takes an image. The source of a change is its first frame, or a reference, where it has no input of
 * its own for a source.
 */
export function resolveInputRole(model: Pick<ModelSpec, 'inputs'>, role: InputRole): InputRole {
  if (role !== 'source' || countInputs(model, 'source') > 0) return role
  return countInputs(model, 'first-frame') > 0 ? 'first-frame' : 'reference'
}

/** Returns the settings with which a call is made: the chosen ones, and the defaults of the model. */
export function withDefaults(
  { settings }: Pick<ModelSpec, 'settings'>,
  chosen: Readonly<Record<string, Scalar>>,
): Record<string, Scalar> {
  const defaults = Object.entries(settings).flatMap(([name, setting]) =>
    setting.default === undefined ? [] : [[name, setting.default] as const],
  )
  return { ...Object.fromEntries(defaults), ...chosen }
}

/** Returns whether a setting has an effect, by the values of the others. */
export function isSettingActive(setting: Setting, values: Readonly<Record<string, Scalar>>): boolean {
  const when = setting['x-when']
  return when === undefined || when.in.some(value => value === values[when.setting])
}

/** Returns whether a setting may have a value. */
export function isValidSetting(setting: Setting, value: Scalar): boolean {
  if (setting.enum) return setting.enum.some(option => option === value)
  if (setting.type === 'boolean') return typeof value === 'boolean'
  if (setting.type === 'string') return typeof value === 'string' && value.length <= (setting.maxLength ?? 1_000)
  return typeof value === 'number' && isValidNumber(setting, value)
}

/** Describes the values that a setting may have: `can be 0 to 100`. */
export function describeSetting(setting: Setting): string {
  if (setting.enum) return `can be ${setting.enum.join(', ')}`
  if (setting.type === 'boolean') return 'can be true or false'
  if (setting.type === 'string') return `can be a text of at most ${setting.maxLength ?? 1_000} characters`
  const kind = setting.type === 'integer' ? 'a whole number' : 'a number'
  const { minimum, maximum } = setting
  if (minimum !== undefined && maximum !== undefined) return `can be ${kind} from ${minimum} to ${maximum}`
  if (minimum !== undefined) return `can be ${kind} from ${minimum}`
  return maximum === undefined ? `can be ${kind}` : `can be ${kind} up to ${maximum}`
}

function isValidNumber({ type, minimum = -Infinity, maximum = Infinity, multipleOf }: Setting, value: number): boolean {
  if (!Number.isFinite(value) || value < minimum || value > maximum) return false
  if (type === 'integer' && !Number.isSafeInteger(value)) return false
  // 0.3 is a multiple of 0.1, although their quotient is 2.9999999999999996.
  return multipleOf === undefined || Math.abs(value / multipleOf - Math.round(value / multipleOf)) < 1e-6
}

function toLegacyCost(spec: ModelSpec, aspectRatio: string, resolution: number | string): Model['cost'] {
  const currency = getCurrency(spec.price)
  const size = resolveSize(spec.sizes, { aspectRatio, resolution })
  if (currency === null || !size) return null
  const micros = estimateMicros(spec.price, { ...size, resolution, settings: withDefaults(spec, {}), references: 0 })
  return micros === null ? null : { amount: fromMicros(micros), currency }
}
