import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { createSignal } from 'solid-js'
import { readFavouriteModels } from '../composer/models/favourite-models.ts'
import { isVisible } from '../lightbox/is-visible.ts'
import { createMaskDrafts } from '../mask/mask-drafts.ts'
import type { MaskEditorProps, MaskSubmission, MaskTarget } from '../mask/mask-target.ts'
import { randomUuid } from '../ui/uuid.ts'
import { createChildSender, startReference } from './child-sender.ts'
import { createChildSubmission, toPixels } from './child-submission.ts'
import { type ComposerStartOptions, createComposerStart } from './composer-start.ts'
import { createElsewhere } from './elsewhere.ts'
import { createLineage, type LineageOptions } from './lineage.ts'
import { createLineageApi } from './lineage-api.ts'
import { listVerbModels } from './list-verbs.ts'
import { findRole } from './model-choice.ts'
import { createOutputVerbs, type OutputVerbsOptions } from './output-verbs.ts'

export interface VerbsOptions
  extends Pick<OutputVerbsOptions, 'models'>,
    Omit<LineageOptions, 'api' | 'setTimer'>,
    ComposerStartOptions {
  store: Parameters<typeof createChildSender>[0]['store']
  clock: Parameters<typeof createChildSender>[0]['clock']
}

/** Creates the ways to go on from an output: the entries of its menu, the editor that they open, and the lineage that they make. */
export function createVerbs(options: VerbsOptions) {
  const { store, clock, models, notify } = options
  const [maskTarget, setMaskTarget] = createSignal<MaskTarget | null>(null)
  const drafts = createMaskDrafts()
  const sendChild = createChildSender({ store, clock })

  function openMaskEditor(generation: Generation, output: Output) {
    if (isVisible(output)) setMaskTarget({ generation, output })
  }

  /** Sends what was painted: the output, and the mask of its size. */
  function sendMasked({ generation, output, model, prompt, numOutputs, mask }: MaskSubmission) {
    const verb = mask === null ? 'edit' : 'change-part'
    const role = findRole(model, verb) ?? 'reference'
    const source = { url: output.url, previewUrl: output.previewUrl ?? output.url }
    const size = toPixels(output) ?? null
    const pending = [startReference(source, role, size)]
    if (mask) pending.push(startReference(new File([mask], 'mask.png', { type: 'image/png' }), 'mask', size))
    const request = { generation, output, verb, model, prompt, numOutputs } as const
    const submission = createChildSubmission(request, mask ? [role, 'mask'] : [role], randomUuid())
    setMaskTarget(null)
    // Before it is sent: a notice of where it went replaces this one.
    notify(`Changing it with ${model.name}.`)
    sendChild(submission, model, pending)
  }

  /** Returns what the mask editor needs for an output. */
  function createMaskProps(target: MaskTarget): MaskEditorProps {
    const key = `${target.generation.id}/${target.output.index}`
    const listModels = (verb: 'change-part' | 'edit') =>
      listVerbModels(verb, target.generation, target.output, { models: models(), favourites: readFavouriteModels() })
    return {
      target,
      draft: drafts.find(key),
      // Read when they are shown: the editor stays as it is when the models change.
      get models() {
        return listModels('change-part')
      },
      get editModels() {
        return listModels('edit')
      },
      onSaveDraft: draft => drafts.save(key, draft),
      onSend: sendMasked,
      onClose: () => void setMaskTarget(null),
    }
  }

  const outputVerbs = createOutputVerbs({
    ...{ models, sendChild, openMaskEditor, notify },
    startComposer: createComposerStart(options),
    readFavourites: readFavouriteModels,
  })
  const elsewhere = createElsewhere({ models, sendChild, notify })
  const { findParent, source: lineage, receive } = createLineage({ ...options, api: createLineageApi() })
  return { ...outputVerbs, ...elsewhere, findParent, lineage, receive, maskTarget, createMaskProps }
}
