import type { ReferenceOrigin } from '@darkroom/contracts/history/library'
import type { Reference } from '@darkroom/contracts/reference'
import { createSignal } from 'solid-js'
import { describeProblem } from '../../request-error.ts'
import { fetchFromStudio } from '../../studio-fetch.ts'
import type { SettingsOptions } from './use-settings.ts'

export interface OriginsOptions extends SettingsOptions {
  fetchOrigin?: (referenceId: string) => Promise<ReferenceOrigin>
}

export type Origins = ReturnType<typeof createOrigins>

/**
 * Creates the origins of the files that were attached: the output of this studio that a file is, or the settings that are written in
 * it. Its settings can then be used instead of the image.
 */
export function createOrigins(options: OriginsOptions) {
  const { fetchOrigin = requestOrigin } = options
  const [origins, setOrigins] = createSignal<ReadonlyMap<string, ReferenceOrigin>>(new Map())

  /** Looks for the origin of a file that the studio has now. Without an answer there is none to offer. */
  async function find(key: string, { id }: Pick<Reference, 'id'>) {
    const origin = id === null ? null : await fetchOrigin(id).catch(() => null)
    if (origin?.output || origin?.settings) setOrigins(before => new Map(before).set(key, origin))
  }

  /** Uses the settings of an attached file, by code that is loaded for it. */
  async function useSettings(key: string) {
    const origin = origins().get(key)
    if (!origin) return
    try {
      const module = await import('./use-settings.ts')
      await module.useSettings(key, origin, options)
    } catch (error) {
      options.notify(describeProblem(error))
    }
  }

  return { of: (key: string) => origins().get(key), find, useSettings }
}

async function requestOrigin(referenceId: string): Promise<ReferenceOrigin> {
  return await (await fetchFromStudio(`/api/references/${encodeURIComponent(referenceId)}/origin`)).json()
}
