import type { Model } from '@darkroom/contracts/model'
import { createMemo, createSignal, onCleanup, onMount } from 'solid-js'
import type { Api } from './api.ts'

const RETRY_DELAY_MS = 4_000
/** A page that was hidden for less has missed no more than the event stream brings. */
const AWAY_MS = 30_000

/** Creates the list of the models that the studio offers. It is empty until `refresh` has succeeded once. */
export function createModelList({ fetchModels }: Pick<Api, 'fetchModels'>) {
  const [models, setModels] = createSignal<readonly Model[]>([])
  /** Undefined until the models are known. */
  const [hasModels, setHasModels] = createSignal<boolean>()
  const modelsById = createMemo(() => new Map(models().map(model => [model.id, model])))
  let loading: Promise<void> | undefined
  let isStale = false
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Reads the models, and reads them again after a pause until it succeeds. The last list stays meanwhile. */
  async function loadModels() {
    clearTimeout(timer)
    try {
      const available = await fetchModels()
      setModels(before => reuseUnchanged(before, available))
      setHasModels(available.length > 0)
    } catch {
      timer = setTimeout(refresh, RETRY_DELAY_MS)
    }
  }

  /** Reads the models again. What changes during a read is read after it. */
  function refresh() {
    isStale = loading !== undefined
    loading ??= loadModels().finally(() => {
      loading = undefined
      if (isStale) refresh()
    })
  }

  refreshAfterAbsence(refresh)
  onCleanup(() => clearTimeout(timer))
  return { models, hasModels, modelsById, refresh }
}

/** Returns the new list, with the old object of each model that has not changed: what is shown of it stays as it is. */
export function reuseUnchanged(before: readonly Model[], after: readonly Model[]): readonly Model[] {
  const texts = new Map(before.map(model => [JSON.stringify(model), model]))
  return after.map(model => texts.get(JSON.stringify(model)) ?? model)
}

/** Calls back when the page is shown again after it was hidden for a while: a sleeping device receives no events. */
function refreshAfterAbsence(refresh: () => void) {
  let hiddenAt = Infinity
  const onVisibility = () => {
    if (document.hidden) hiddenAt = Date.now()
    else if (Date.now() - hiddenAt > AWAY_MS) refresh()
  }
  onMount(() => document.addEventListener('visibilitychange', onVisibility))
  onCleanup(() => document.removeEventListener('visibilitychange', onVisibility))
}
