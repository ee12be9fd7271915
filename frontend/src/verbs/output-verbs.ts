import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import { fromMicros, getCurrency } from '@darkroom/contracts/price'
import type { Verb } from '@darkroom/contracts/verbs'
import type { Accessor } from 'solid-js'
import { resumeReference } from '../composer/pending-reference.ts'
import type { IconName } from '../ui/icons.tsx'
import type { MenuItem } from '../ui/menu.tsx'
import { formatMoney } from '../ui/money.ts'
import { randomUuid } from '../ui/uuid.ts'
import { type createChildSender, startReference } from './child-sender.ts'
import {
  type ChildRequest,
  createAgainSubmission,
  createChildDraft,
  createChildSubmission,
  estimateChildMicros,
  toPixels,
} from './child-submission.ts'
import type { ComposerStart } from './composer-start.ts'
import { listVerbs, type OfferedVerb } from './list-verbs.ts'
import { findRole, getScaleFactor } from './model-choice.ts'
import type { ListOutputVerbs } from './output-menu.ts'

export interface OutputVerbsOptions {
  models: Accessor<readonly Model[]>
  /** Reads the ids of the favourite models. */
  readFavourites: () => ReadonlySet<string>
  sendChild: ReturnType<typeof createChildSender>
  startComposer: (start: ComposerStart) => void
  openMaskEditor: (generation: Generation, output: Output) => void
  notify: (message: string) => void
}

const LABELS: Readonly<Record<Verb, string>> = {
  again: 'Again',
  vary: 'Vary',
  reference: 'Use as reference',
  edit: 'Edit in words',
  'change-part': 'Change part',
  upscale: 'Upscale',
  'remove-background': 'Remove background',
  animate: 'Animate',
}

const ICONS: Readonly<Record<Verb, IconName>> = {
  again: 'reuse',
  vary: 'vary',
  reference: 'reference',
  edit: 'edit',
  'change-part': 'mask',
  upscale: 'upscale',
  'remove-background': 'cutout',
  animate: 'video',
}

const SENT_MESSAGES: Partial<Record<Verb, string>> = {
  vary: 'Making variations',
  upscale: 'Upscaling it',
  'remove-background': 'Removing the background',
}

/** Creates the ways to go on from an output, as entries of its menu, and from a generation as a whole. */
export function createOutputVerbs(options: OutputVerbsOptions) {
  const { models, readFavourites, sendChild, startComposer, openMaskEditor, notify } = options
  const context = () => ({ models: models(), favourites: readFavourites() })

  const listOutputVerbs: ListOutputVerbs = (generation, output) =>
    listVerbs(generation, output, context())
      .filter(({ verb }) => verb !== 'again')
      .map(offered => toMenuItem(generation, output, offered))

  function toMenuItem(generation: Generation, output: Output, { verb, model }: OfferedVerb): MenuItem {
    const request = { generation, output, verb, model }
    const hint = verb === 'reference' ? '' : formatHint(request)
    return { label: formatLabel(request), icon: ICONS[verb], run: () => run(request), ...(hint !== '' && { hint }) }
  }

  function run(request: ChildRequest) {
    const { generation, output, verb, model } = request
    if (verb === 'change-part') return openMaskEditor(generation, output)
    if (verb === 'reference') return startComposer({ generation, output, verb })
    if (verb === 'edit' || verb === 'animate') return startComposer({ ...request, prompt: '' })
    // Before it is sent: a notice of where it went replaces this one.
    notify(`${SENT_MESSAGES[verb]} with ${model.name}.`)
    sendOutput(request)
  }

  /** Sends a child that is made of an output alone. The feed shows it at once. */
  function sendOutput(request: ChildRequest) {
    const { output, verb, model } = request
    const role = findRole(model, verb) ?? 'reference'
    if (output.url === null) return
    const source = { url: output.url, previewUrl: output.previewUrl ?? output.url }
    const pending = [startReference(source, role, toPixels(output) ?? null)]
    sendChild(createChildSubmission(request, [role], randomUuid()), model, pending)
  }

  /** Makes a generation once more, with another seed. */
  function again(generation: Generation) {
    const model = models().find(({ id }) => id === generation.model)
    if (!model) return notify(`${generation.model} is not available here any more.`)
    const pending = generation.references.map(reference =>
      resumeReference(reference.id === null ? { source: reference } : reference, reference.role),
    )
    notify('Making it again, with another seed.')
    sendChild(createAgainSubmission(generation, model, randomUuid()), model, pending)
  }

  return { listOutputVerbs, again, sendOutput }
}

/** Formats the name of a verb: `Upscale`, `Upscale 2×` with a model that enlarges every image by that. */
function formatLabel({ verb, model }: Pick<ChildRequest, 'verb' | 'model'>): string {
  const factor = verb === 'upscale' ? getScaleFactor(model) : null
  return factor === null ? LABELS[verb] : `${LABELS[verb]} ${factor}×`
}

/** Formats the price of a verb, and its model if that is not the generation's own: `GPT Image, about $0.04`. */
export function formatHint(request: ChildRequest): string {
  const { model, generation } = request
  const micros = estimateChildMicros(request)
  const amount = micros === null ? null : fromMicros(micros * createChildDraft(request).numOutputs)
  const currency = getCurrency(model.price) ?? 'USD'
  const price = amount === null ? '' : amount === 0 ? 'free' : `about ${formatMoney({ amount, currency })}`
  return [model.id === generation.model ? '' : model.name, price].filter(Boolean).join(', ')
}
