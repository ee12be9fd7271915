import type { Generation } from '@darkroom/contracts/generation'
import type { ReferenceOrigin } from '@darkroom/contracts/history/library'
import type { Model } from '@darkroom/contracts/model'
import type { Accessor } from 'solid-js'
import { fetchFromStudio } from '../../studio-fetch.ts'
import type { Draft } from '../draft.ts'
import { applyImageSettings, describeApplied } from './image-settings.ts'

export interface SettingsOptions {
  models: Accessor<readonly Model[]>
  model: Accessor<Model | undefined>
  /** Fills the draft with a generation. */
  reuse: (generation: Generation) => void
  /** Changes the fields of the draft that are given. */
  changeDraft: (changes: Partial<Draft>) => void
  /** Removes an attachment from the draft. */
  removeAttachment: (key: string) => void
  notify: (message: string) => void
  fetchGeneration?: (id: string) => Promise<Generation>
}

/**
 * Uses the settings of an attached file: the whole generation if it was made here. The file is then no longer a reference.
 *
 * @throws RejectedError, UnavailableError
 */
export async function useSettings(key: string, { output, settings }: ReferenceOrigin, options: SettingsOptions) {
  if (output) await reuseOutput(output.generationId, options)
  else if (settings) applySettings(key, settings, options)
}

async function reuseOutput(generationId: string, options: SettingsOptions) {
  const { reuse, notify, fetchGeneration = requestGeneration } = options
  reuse(await fetchGeneration(generationId))
  notify('Its settings are in the composer. The picture itself is not attached.')
}

function applySettings(key: string, settings: NonNullable<ReferenceOrigin['settings']>, options: SettingsOptions) {
  const selected = options.model()
  if (!selected) return
  const result = applyImageSettings(settings, options.models(), selected)
  options.changeDraft(result.changes)
  options.removeAttachment(key)
  options.notify(`${describeApplied(settings, result)} The picture itself is not attached.`)
}

async function requestGeneration(id: string): Promise<Generation> {
  return await (await fetchFromStudio(`/api/generations/${encodeURIComponent(id)}`)).json()
}
