import type { ImageSettings } from '@darkroom/contracts/history/library'
import type { Model } from '@darkroom/contracts/model'
import { isValidSetting } from '@darkroom/contracts/model-fields'
import { adaptSize } from '@darkroom/contracts/other-model/size-choice'
import type { Scalar } from '@darkroom/contracts/parameters'
import { formatRatio, resolveSize } from '@darkroom/contracts/size'
import type { Draft } from '../draft.ts'

/** The changes of a draft that image settings ask for, and what became of each setting in words. */
export interface AppliedSettings {
  changes: Partial<Draft>
  /** Names of what is in the changes. */
  applied: string[]
  /** Names of what the studio has no place for. */
  omitted: string[]
}

/** Names under which models have a setting that image files name otherwise. */
const SETTING_NAMES = {
  steps: ['steps', 'num_inference_steps', 'inference_steps'],
  guidance: ['guidance', 'guidance_scale', 'cfg_scale', 'cfg'],
} as const

/**
 * Returns the changes of a draft by the settings that were found in an image file, as far as a model has them.
 *
 * @param models to find the one that the file names among
 * @param selected the model that is used otherwise
 */
export function applyImageSettings(
  settings: ImageSettings,
  models: readonly Model[],
  selected: Model,
): AppliedSettings {
  const named = findModel(models, settings.model)
  const model = named ?? selected
  const parts = [
    toPart('prompt', settings.prompt, prompt => ({ prompt })),
    toPart('negative prompt', settings.negativePrompt, text =>
      model.negativePrompt ? { negativePrompt: text } : null,
    ),
    toPart('seed', settings.seed, seed => toSeed(seed, model)),
    toPart('size', toPixels(settings), size => toSize(size, model)),
    ...(['steps', 'guidance'] as const).map(name =>
      toPart(name, settings[name], value => toSetting(name, value, model)),
    ),
    toPart(`model ${settings.model}`, settings.model, () => (named ? { model: named.id } : null)),
  ].flat()
  const applied = parts.filter(({ change }) => change !== null)
  const chosen = Object.assign({}, ...applied.map(({ change }) => change?.settings ?? {}))
  return {
    changes: { ...Object.assign({}, ...applied.map(({ change }) => change)), settings: chosen },
    applied: applied.map(({ name }) => name),
    omitted: parts.filter(({ change }) => change === null).map(({ name }) => name),
  }
}

/** Describes what became of the settings of an image file in one or two sentences. */
export function describeApplied({ source }: ImageSettings, { applied, omitted }: AppliedSettings): string {
  const set =
    applied.length > 0
      ? `Set from its ${source} data: ${formatList(applied)}.`
      : `Nothing of its ${source} data could be set.`
  return omitted.length > 0 ? `${set} Not available here: ${formatList(omitted)}.` : set
}

interface Part {
  name: string
  /** Null if it cannot be set. */
  change: Partial<Draft> | null
}

function toPart<T>(name: string, value: T | undefined, toChange: (value: T) => Partial<Draft> | null): Part[] {
  return value === undefined ? [] : [{ name, change: toChange(value) }]
}

function findModel(models: readonly Model[], name: string | undefined): Model | undefined {
  if (name === undefined) return undefined
  const wanted = name.toLowerCase()
  return models.find(model => [model.id, model.name].some(own => own.toLowerCase() === wanted))
}

function toSeed(written: number | string, { seed: range }: Model): Partial<Draft> | null {
  const seed = Number(written)
  const isInRange = range !== null && Number.isSafeInteger(seed) && seed >= range.min && seed <= range.max && seed >= 0
  return isInRange ? { seed } : null
}

function toPixels({ width, height }: ImageSettings) {
  return width && height ? { width, height } : undefined
}

/** Returns the size, or the nearest that the model makes if it has that ratio. */
function toSize(size: { width: number; height: number }, { sizes }: Model): Partial<Draft> | null {
  const aspectRatio = formatRatio(size)
  const choice = adaptSize({ aspectRatio, resolution: `${size.width}x${size.height}` }, sizes)
  const made = resolveSize(sizes, choice)
  const isNear = made && Math.abs(Math.log((made.width / made.height / size.width) * size.height)) < 0.1
  return isNear ? choice : null
}

function toSetting(name: keyof typeof SETTING_NAMES, value: Scalar, { settings }: Model): Partial<Draft> | null {
  const own = SETTING_NAMES[name].find(candidate => Object.hasOwn(settings, candidate))
  const setting = own === undefined ? undefined : settings[own]
  return own !== undefined && setting && isValidSetting(setting, value) ? { settings: { [own]: value } } : null
}

function formatList(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(names)
}
