import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { Api } from '../api.ts'
import { RejectedError } from '../request-error.ts'
import type { Notices } from '../ui/notices.ts'
import type { ActionRunner } from './action-runner.ts'
import type { GenerationStore } from './generation-store.ts'

export interface RemovalActionsOptions {
  api: Pick<Api, 'remove' | 'restore' | 'removeOutput' | 'restoreOutput' | 'emptyTrash'>
  store: Pick<GenerationStore, 'receive' | 'drop' | 'reload' | 'updateOptimistically' | 'removeOptimistically'>
  notify: Notices['notify']
  runRevertible: Notices['runRevertible']
  runner: ActionRunner
}

const NOT_FOUND = 404

/** Creates the user's actions that delete and restore. Each is shown at once, and reverted if its request fails. */
export function createRemovalActions(options: RemovalActionsOptions) {
  const { api, store, notify, runRevertible } = options
  const { runOnce, repeat } = options.runner

  /** Moves a generation to the trash. It leaves the feed at once, and comes back if the request fails. */
  function remove({ id, clientId }: Generation) {
    const change = async () => {
      await store.removeOptimistically(clientId, () => repeatUnlessPurged(id, () => api.remove(id)))
      return { message: 'Deleted.', action: { label: 'Undo', run: () => void restore(id), generationId: id } }
    }
    return runOnce(`remove ${id}`, () => runRevertible(change))
  }

  function restore(id: string) {
    return runOnce(`restore ${id}`, async () => {
      store.receive(await repeatUnlessPurged(id, () => api.restore(id)))
      notify('It is back.')
    })
  }

  /** Restores a generation from the trash, which it leaves at once. */
  function restoreFromTrash({ id, clientId }: Generation) {
    const change = async () => {
      await store.removeOptimistically(clientId, async () => void (await repeatUnlessPurged(id, () => api.restore(id))))
      const action = { label: 'Undo', run: () => void removeAgain(id), generationId: id }
      return { message: 'Restored. It is in the feed again.', action }
    }
    return runOnce(`restore ${id}`, () => runRevertible(change))
  }

  function removeAgain(id: string) {
    return runOnce(`remove ${id}`, async () => {
      await repeatUnlessPurged(id, () => api.remove(id))
      notify('It is in the trash again.')
    })
  }

  /** Deletes one output of a generation. The last one takes its generation with it. */
  function removeOutput(generation: Generation, index: number) {
    const { id, clientId, outputs } = generation
    if (outputs.every(output => output.index === index || !isPresent(output))) return remove(generation)
    const change = async () => {
      const request = () => repeat(() => api.removeOutput(id, index))
      await store.updateOptimistically(clientId, shown => withoutOutput(shown, index), request)
      return { message: 'Deleted.', action: { label: 'Undo', run: () => void restoreOutput(generation, index) } }
    }
    return runOnce(`remove ${id} ${index}`, () => runRevertible(change))
  }

  function restoreOutput({ id }: Pick<Generation, 'id'>, index: number) {
    return runOnce(`restore ${id} ${index}`, async () => {
      store.receive(await repeat(() => api.restoreOutput(id, index)))
      notify('It is back.')
    })
  }

  /** Deletes everything in the trash permanently. */
  function emptyTrash() {
    return runOnce('empty the trash', async () => {
      const { purged } = await api.emptyTrash()
      await store.reload()
      notify(purged === 1 ? 'One generation is deleted permanently.' : `${purged} generations are deleted permanently.`)
    })
  }

  /** Makes a request about a generation. One that is deleted permanently leaves the page: its event may not have come. */
  async function repeatUnlessPurged<T>(id: string, request: () => Promise<T>): Promise<T> {
    try {
      return await repeat(request)
    } catch (error) {
      if (!(error instanceof RejectedError && error.status === NOT_FOUND)) throw error
      store.drop(new Set([id]))
      throw new RejectedError('It is deleted permanently.', { status: NOT_FOUND, cause: error })
    }
  }

  return { remove, restoreFromTrash, removeOutput, restoreOutput, emptyTrash }
}

/** Returns whether an output is there, or on its way. */
export function isPresent({ state }: Output): boolean {
  return state !== 'deleted' && state !== 'failed' && state !== 'lost'
}

/** Returns a generation as it is once one of its outputs is deleted. */
export function withoutOutput(generation: Generation, index: number): Generation {
  const outputs = generation.outputs.map(output =>
    output.index === index
      ? { ...output, state: 'deleted' as const, url: null, previewUrl: null, favourite: false, error: null }
      : output,
  )
  return { ...generation, outputs, favourite: outputs.some(output => output.favourite) }
}
