import type { Model } from '@darkroom/contracts/model'
import { createMemo, createSignal } from 'solid-js'
import type { Api } from './api.ts'

const RETRY_DELAY_MS = 4_000

/** Creates the list of the models that the studio offers. It is empty until `loadModels` has succeeded once. */
export function createModelList({ fetchModels }: Pick<Api, 'fetchModels'>) {
  const [models, setModels] = createSignal<readonly Model[]>([])
  /** Undefined until the models are known. */
  const [hasModels, setHasModels] = createSignal<boolean>()
  const modelsById = createMemo(() => new Map(models().map(model => [model.id, model])))

  /** Reads the models, and reads them again after a pause until it succeeds. */
  async function loadModels() {
    try {
      const available = await fetchModels()
      setModels(available)
      setHasModels(available.length > 0)
    } catch {
      setTimeout(loadModels, RETRY_DELAY_MS)
    }
  }

  return { models, hasModels, modelsById, loadModels }
}
