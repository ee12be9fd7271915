import type { Generation, Submission } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { canFailOver } from '@darkroom/contracts/other-model/failover-reason'
import { canMake, isUsable, orderByLikeness, toWantedWork } from '@darkroom/contracts/other-model/nearest-model'
import type { Accessor } from 'solid-js'
import { adaptToModel, toDraft, toPixelSize, toSubmission } from '../composer/draft.ts'
import { formatEstimates } from '../composer/estimates.ts'
import { resumeReference } from '../composer/pending-reference.ts'
import { formatProviderName } from '../ui/format.ts'
import type { MenuItem } from '../ui/menu.tsx'
import { randomUuid } from '../ui/uuid.ts'
import type { createChildSender } from './child-sender.ts'

export interface ElsewhereOptions {
  models: Accessor<readonly Model[]>
  sendChild: ReturnType<typeof createChildSender>
  notify: (message: string) => void
}

/** Models that are offered: more are a list to read, and any model can be chosen by "Reuse". */
const MAX_OFFERED = 5

/** Creates the offers to make a generation with a model of another connection, where its own is down or lacks a key or credit. */
export function createElsewhere({ models, sendChild, notify }: ElsewhereOptions) {
  /** Returns the offers for a generation, the most similar model first, each with its time and price. */
  function listElsewhere(generation: Generation): MenuItem[] {
    return listOtherModels(generation, models()).map(model => ({
      label: `${model.name} · ${formatProviderName(model)}`,
      hint: formatOffer(generation, model),
      run: () => makeElsewhere(generation, model),
    }))
  }

  function makeElsewhere(generation: Generation, model: Model) {
    const pending = generation.references.map(reference =>
      resumeReference(reference.id === null ? { source: reference } : reference, reference.role),
    )
    notify(`Making it with ${model.name} instead.`)
    sendChild(createElsewhereSubmission(generation, model, randomUuid()), model, pending)
  }

  return { listElsewhere }
}

/** Lists the models of other connections that can make a generation, and whose connections work, the most similar first. */
export function listOtherModels(generation: Generation, models: readonly Model[]): Model[] {
  if (!canFailOver(generation)) return []
  const own = models.find(({ id }) => id === generation.model) ?? { id: generation.model }
  const connection = 'connection' in own ? own.connection : generation.model.split('/')[0]
  const wanted = toWantedWork(generation)
  const able = models.filter(model => model.connection !== connection && isUsable(model) && canMake(model, wanted))
  return orderByLikeness(able, own).slice(0, MAX_OFFERED)
}

/** Returns the submission that makes a generation with another model in its place, without its images, whose roles are given in their order. */
export function createElsewhereSubmission(generation: Generation, model: Model, clientId: string): Submission {
  const { roles } = toWantedWork(generation)
  return {
    ...toSubmission(toDraft(generation), model, clientId),
    ...(roles.length > 0 && { referenceRoles: [...roles] }),
    ...(generation.parent && { parent: generation.parent }),
    insteadOf: generation.id,
  }
}

function formatOffer(generation: Generation, model: Model): string {
  const references = { count: generation.references.length, firstSize: toPixelSize(generation.references[0]) }
  return formatEstimates(adaptToModel(toDraft(generation), model), model, references)
    .filter(Boolean)
    .join(', ')
}
