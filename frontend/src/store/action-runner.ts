import { describeProblem, UnavailableError } from '../request-error.ts'
import type { NoticeAction } from '../ui/notices.ts'
import { repeatRequest } from './repeat-request.ts'

export interface ActionRunnerOptions {
  notify: (message: string, action?: NoticeAction) => void
  /** Called when the studio could not take an action. */
  onUnavailable: () => void
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

export type ActionRunner = ReturnType<typeof createActionRunner>

const NOT_DONE_MESSAGE = 'Not done: the studio cannot take it at the moment.'

/** Creates the runner of the user's actions. */
export function createActionRunner({ notify, onUnavailable, setTimer = setTimeout }: ActionRunnerOptions) {
  const inFlight = new Set<string>()

  /**
   * Runs an action unless the same one is in flight. A refusal is shown in the studio's own words; an action that the studio
   * could not take is offered again.
   */
  async function runOnce(key: string, action: () => Promise<void>) {
    if (inFlight.has(key)) return
    inFlight.add(key)
    try {
      await action()
    } catch (error) {
      if (error instanceof UnavailableError) onUnavailable()
      const again = () => void runOnce(key, action)
      if (error instanceof UnavailableError) notify(NOT_DONE_MESSAGE, { label: 'Try again', run: again })
      else notify(describeProblem(error))
    } finally {
      inFlight.delete(key)
    }
  }

  /** Makes a request that may be made twice. */
  function repeat<T>(request: () => Promise<T>): Promise<T> {
    return repeatRequest(request, { setTimer })
  }

  return { runOnce, repeat }
}
