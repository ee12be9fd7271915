import { renderPreview } from '../fake-provider/image.ts'

/** The tasks of a server: one runs, and others wait for it [S modules/progress.py]. */
export interface FakeTasks {
  /** Runs a task in its turn, for the time that each takes. */
  run(taskId: string | undefined, milliseconds: number): Promise<void>
  /** Stops the task that runs, whoever has begun it. */
  interrupt(): void
  /** Ids of the tasks that were stopped. */
  interrupted(): readonly (string | null)[]
  /** Sets the progress of the task that runs, from 0 to 1; by its time unless set. */
  setProgress(fraction: number): void
  /** Returns the task that runs. */
  current(): string | null
  /** Returns `POST /internal/progress`. */
  describe(body: unknown): Promise<Record<string, unknown>>
  /** Returns `GET /sdapi/v1/progress`. */
  describeCurrent(): Promise<Record<string, unknown>>
}

const PREVIEW = { width: 64, height: 48 }

export function createTasks(): FakeTasks {
  let queue = Promise.resolve()
  let current: { id: string | null; startedAt: number; milliseconds: number } | undefined
  const waiting = new Set<string>()
  const interrupted: (string | null)[] = []
  let stop = () => {}
  let fraction: number | undefined
  const finished: string[] = []
  const readProgress = () =>
    current ? (fraction ?? Math.min(1, (Date.now() - current.startedAt) / current.milliseconds)) : 0
  const run = async (taskId: string | undefined, milliseconds: number) => {
    if (taskId !== undefined) waiting.delete(taskId)
    current = { id: taskId ?? null, startedAt: Date.now(), milliseconds: Math.max(1, milliseconds) }
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      stop = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (taskId !== undefined) finished.push(taskId)
    current = undefined
  }
  return {
    run: async (taskId, milliseconds) => {
      if (taskId !== undefined) waiting.add(taskId)
      const turn = queue.then(() => run(taskId, milliseconds))
      queue = turn
      await turn
    },
    interrupt: () => {
      if (current) interrupted.push(current.id)
      stop()
    },
    interrupted: () => [...interrupted],
    setProgress: progress => {
      fraction = progress
    },
    current: () => current?.id ?? null,
    describe: async body => {
      const { id_task, id_live_preview = -1 } = body as { id_task?: string; id_live_preview?: number }
      const active = current !== undefined && current.id === id_task
      const state = {
        ...{ active, queued: waiting.has(id_task ?? ''), paused: false, completed: finished.includes(id_task ?? '') },
      }
      if (!active) return { ...state, id_live_preview: -1, textinfo: state.queued ? 'Queued...' : 'Waiting...' }
      const progress = readProgress()
      const id = Math.ceil(progress * 20)
      if (id === id_live_preview) return { ...state, progress, live_preview: null, id_live_preview: id }
      const preview = await renderPreview(PREVIEW, { seed: 1, index: 0, tick: id })
      const live_preview = `data:image/jpeg;base64,${preview.toString('base64')}`
      return { ...state, progress, eta: 1, live_preview, id_live_preview: id, textinfo: null }
    },
    describeCurrent: async () => {
      const preview = await renderPreview(PREVIEW, { seed: 2, index: 0, tick: 1 })
      const current_image = current ? preview.toString('base64') : null
      const progress = readProgress()
      return { progress, eta_relative: 0, state: {}, current_image, textinfo: null, current_task: current?.id ?? null }
    },
  }
}
