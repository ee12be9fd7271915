import type { Generation } from '@darkroom/contracts/generation'
import type { GenerationWindow } from './generation-window.ts'
import { applyOptimistic, hideRow, merge, unhideRow } from './merge.ts'

export interface OptimisticOptions {
  current: () => GenerationWindow
  commit: (next: GenerationWindow) => void
}

/** Creates changes that are shown before the studio has made them. */
export function createOptimisticUpdates({ current, commit }: OptimisticOptions) {
  /**
   * Shows a change at once while the studio is requested to make it, and reverts it if the request fails.
   *
   * @throws the error of `request`
   */
  async function updateOptimistically(
    key: string,
    change: (generation: Generation) => Generation,
    request: () => Promise<Generation>,
  ) {
    const before = current().byKey.get(key)?.generation
    commit(applyOptimistic(current(), key, change))
    const shown = current().byKey.get(key)
    try {
      commit(merge(current(), [await request()]))
    } catch (error) {
      if (before && current().byKey.get(key) === shown) commit(applyOptimistic(current(), key, () => before))
      throw error
    }
  }

  /**
   * Removes a row at once while the studio deletes its generation, and puts it back if the request fails. The request is also made for
   * a generation that is not loaded: the lightbox shows parents from far above.
   *
   * @throws the error of `request`
   */
  async function removeOptimistically(key: string, request: () => Promise<void>) {
    const row = current().byKey.get(key)
    if (!row) return await request()
    commit(hideRow(current(), key))
    try {
      await request()
      commit(unhideRow(current(), key, row.generation.version))
    } catch (error) {
      commit(unhideRow(current(), key, row))
      throw error
    }
  }

  /** Hides the rows of many generations in one change, each until its own request has ended. */
  function hideOptimistically(generations: readonly Generation[]) {
    const shown = new Map(generations.map(({ clientId }) => [clientId, current().byKey.get(clientId)]))
    commit(generations.reduce((window, { clientId }) => hideRow(window, clientId), current()))

    /** Makes the request for one of them, and shows its row again if it fails. @throws the error of `request` */
    async function during({ clientId, version }: Generation, request: () => Promise<void>) {
      try {
        await request()
        commit(unhideRow(current(), clientId, version))
      } catch (error) {
        commit(unhideRow(current(), clientId, shown.get(clientId) ?? 0))
        throw error
      }
    }

    return { during }
  }

  return { updateOptimistically, removeOptimistically, hideOptimistically }
}
