import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { isVerb, type Verb } from '@darkroom/contracts/verbs'
import { formatLength, formatResolution } from '../ui/format.ts'

type ModelsById = ReadonlyMap<string, Model>

const DONE: Readonly<Record<Verb, string>> = {
  again: 'made again',
  vary: 'varied',
  reference: 'used as a reference',
  edit: 'edited',
  'change-part': 'changed only the marked part',
  upscale: 'upscaled',
  'remove-background': 'background removed',
  animate: 'animated',
}

/** Verbs whose prompt says what to change: that it is another one says nothing. */
const VERBS_IN_WORDS: readonly string[] = ['edit', 'change-part', 'animate']

/** Describes what a child's verb did: `upscaled`. A verb of a later version is named as it is. */
export function describeVerb(verb: string): string {
  return isVerb(verb) ? DONE[verb] : verb.replaceAll('-', ' ')
}

/** Describes a child against its parent: `varied, other seed, model FLUX → GPT Image`. Without the parent, its verb alone. */
export function describeChange(child: Generation, parent: Generation | undefined, modelsById: ModelsById): string {
  if (child.parent === null) return ''
  const changes = parent ? listChanges(child, parent, modelsById) : []
  return [describeVerb(child.parent.verb), ...changes].join(', ')
}

/** Lists the settings that a child does not share with its parent: `other seed`, `ratio 3:2 → 1:1`. */
function listChanges(child: Generation, parent: Generation, modelsById: ModelsById): string[] {
  const nameOf = (id: string) => modelsById.get(id)?.name ?? id
  const isNamed = VERBS_IN_WORDS.includes(child.parent?.verb ?? '')
  return [
    ...(child.model === parent.model ? [] : [`model ${nameOf(parent.model)} → ${nameOf(child.model)}`]),
    ...(child.prompt === parent.prompt || isNamed ? [] : ['other prompt']),
    ...(child.parameters.seed === parent.parameters.seed ? [] : ['other seed']),
    ...listSizeChanges(child, parent),
    ...(child.model === parent.model ? listSettingChanges(child, parent, modelsById.get(child.model)) : []),
  ]
}

function listSizeChanges({ parameters: after }: Generation, { parameters: before }: Generation): string[] {
  const { aspectRatio, resolution, duration } = after
  const ratio = before.aspectRatio !== aspectRatio && before.aspectRatio && aspectRatio
  const size = !ratio && before.resolution !== resolution && before.resolution && resolution
  const length = before.duration !== duration && before.duration && duration
  return [
    ...(ratio ? [`ratio ${before.aspectRatio} → ${ratio}`] : []),
    ...(size ? [`size ${formatResolution(before.resolution ?? '')} → ${formatResolution(size)}`] : []),
    ...(length ? [`length ${formatLength(before.duration ?? 0)} → ${formatLength(length)}`] : []),
  ]
}

function listSettingChanges(child: Generation, parent: Generation, model: Model | undefined): string[] {
  const after = child.parameters.settings ?? {}
  const before = parent.parameters.settings ?? {}
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    name => before[name] !== after[name],
  )
  const isOtherNegative = (child.parameters.negativePrompt ?? '') !== (parent.parameters.negativePrompt ?? '')
  const describe = (name: string) => {
    const label = (model?.settings[name]?.title ?? name).toLowerCase()
    return `${label} ${formatValue(before[name])} → ${formatValue(after[name])}`
  }
  return [...(isOtherNegative ? ['other negative prompt'] : []), ...names.map(describe)]
}

function formatValue(value: string | number | boolean | undefined): string {
  if (value === undefined) return 'default'
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
}
